"""The registry's tables: versions of a team's model, the revisions of their heads, and the aliases."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from storage.database import insert_if_new
from storage.tables import Alias, Revision, Version

CHAMPION = "champion"


def champion(session: Session, team_id: str, encoder: str, encoder_name: str) -> Version:
    """The version in service; a first one, or one for another encoder than before, is made and promoted."""
    alias = session.get(Alias, (team_id, CHAMPION))
    standing = session.get(Version, (team_id, alias.version)) if alias else None
    if standing and standing.encoder == encoder:
        return standing
    version = _version_of(session, team_id, encoder, encoder_name)
    if alias:
        alias.version = version.number
    else:
        insert_if_new(session, Alias(team_id=team_id, name=CHAMPION, version=version.number))
    return version


def in_service(session: Session, team_id: str) -> int | None:
    """The number of the version that the alias `champion` names."""
    alias = session.get(Alias, (team_id, CHAMPION))
    return alias.version if alias else None


def revise(session: Session, version: Version, fingerprint: str, labelled: int) -> Revision:
    """The revision of a head fitted on this data: the latest one where nothing changed, a new one otherwise."""
    of_version = select(Revision).where(
        Revision.team_id == version.team_id, Revision.version == version.number
    )
    while True:  # until no other replica was quicker with the next number
        latest = session.exec(of_version.order_by(col(Revision.number).desc())).first()
        if latest and latest.fingerprint == fingerprint:
            return latest
        revision = Revision(
            team_id=version.team_id,
            version=version.number,
            number=latest.number + 1 if latest else 0,
            fingerprint=fingerprint,
            labelled=labelled,
        )
        if insert_if_new(session, revision):
            return revision


def _version_of(session: Session, team_id: str, encoder: str, encoder_name: str) -> Version:
    """The latest version of this encoder, made where there is none."""
    of_encoder = select(Version).where(Version.team_id == team_id, Version.encoder == encoder)
    while True:
        # Read first: should another replica register a version from here on, this number is taken and we look again.
        highest = session.exec(select(func.max(Version.number)).where(Version.team_id == team_id)).one()
        standing = session.exec(of_encoder.order_by(col(Version.number).desc())).first()
        if standing:
            return standing
        version = Version(
            team_id=team_id,
            number=(highest or 0) + 1,
            encoder=encoder,
            encoder_name=encoder_name,
            base=encoder,
        )
        if insert_if_new(session, version):
            return version
