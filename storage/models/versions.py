"""The registry's tables: versions of a team's model, the revisions of their heads, and the aliases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.database.engine import insert_if_new
from storage.deliveries import undelivered
from storage.tables.deliveries import Delivery
from storage.tables.models import Alias, Decision, Grounds, Revision, Ruling, Run, TaskName, Version

# The alias that names the version in service, of each task.
CHAMPION = {TaskName.CLASSIFICATION: "champion", TaskName.SUMMARIZATION: "summarizer"}
CLASSIFICATION = TaskName.CLASSIFICATION
# What the card of a version says that is an encoder to which an operator switched.
SETTING, INSTEAD_OF = "setting", "instead_of"


class VersionNotFoundError(LookupError):
    """A team has no such version."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no version {number}; `corrigible versions` lists those that there are.")
        self.number = number
        self.number = number


class NothingToRollBackToError(LookupError):
    """The version in service took nobody's place."""

    def __init__(self) -> None:
        super().__init__("There is nothing to roll back to: the version in service took no other's place.")


def champion(
    session: Session, team_id: str, encoder: str, encoder_name: str, task: TaskName = CLASSIFICATION
) -> Version:
    """The version in service, where it is made from this encoder, or from one that an operator switched to instead of
    it; otherwise one that is this encoder itself, made where there is none, and promoted."""
    alias = session.get(Alias, (team_id, CHAMPION[task]))
    standing = session.get(Version, (team_id, alias.version)) if alias else None
    switched = switched_to(session, team_id, standing.base) if standing else None
    if standing and standing.base == encoder:
        if switched:  # settings name it themselves now
            switched.card = {}
        return standing
    if standing and switched and switched.card[INSTEAD_OF] == encoder:
        return standing
    version = plain(session, team_id, encoder, encoder_name, task)
    if alias:
        alias.version = version.number
    else:
        insert_if_new(session, Alias(team_id=team_id, name=CHAMPION[task], version=version.number))
    return version


def in_service(session: Session, team_id: str, task: TaskName = CLASSIFICATION) -> int | None:
    """The number of the version that serves; None before the first start."""
    alias = session.get(Alias, (team_id, CHAMPION[task]))
    return alias.version if alias else None


def all_in_service(session: Session, team_id: str) -> set[int]:
    """The numbers of the versions that serve, of all tasks."""
    chosen = select(Alias.version).where(Alias.team_id == team_id, col(Alias.name).in_(CHAMPION.values()))
    return set(session.exec(chosen))


def get(session: Session, team_id: str, number: int) -> Version:
    """One version. Raises VersionNotFoundError."""
    version = session.get(Version, (team_id, number))
    if version is None:
        raise VersionNotFoundError(number)
    return version


def every(session: Session, team_id: str) -> list[Version]:
    """All versions of a team, latest first."""
    chosen = select(Version).where(Version.team_id == team_id)
    return list(session.exec(chosen.order_by(col(Version.number).desc())))


def register(
    session: Session,
    team_id: str,
    run_id: str,
    parent: Version,
    encoder: str,
    artifact: str,
    card: dict[str, Any],
) -> Version:
    """A version that a run made from `parent`, for the same task; the same one where the run registered it before."""
    of_run = select(Version).where(Version.team_id == team_id, Version.run_id == run_id)
    while True:
        highest = session.exec(select(func.max(Version.number)).where(Version.team_id == team_id)).one()
        standing = session.exec(of_run).first()
        if standing:
            return standing
        version = Version(
            team_id=team_id,
            number=(highest or 0) + 1,
            task=parent.task,
            encoder=encoder,
            encoder_name=parent.encoder_name,
            base=parent.base,
            artifact=artifact,
            run_id=run_id,
            card=card,
        )
        if insert_if_new(session, version):
            return version


def rule(session: Session, ruling: Ruling) -> None:
    """Keep a ruling; where it promotes or rolls back, the alias moves in the same transaction.

    Raises VersionNotFoundError.
    """
    session.add(ruling)
    if ruling.decision in (Decision.PROMOTE, Decision.ROLL_BACK):
        _move(session, ruling.team_id, ruling.task, ruling.challenger)
    session.flush()


def _move(session: Session, team_id: str, task: TaskName, number: int) -> None:
    if get(session, team_id, number).task is not task:
        raise VersionNotFoundError(number)
    alias = session.exec(
        select(Alias).where(Alias.team_id == team_id, Alias.name == CHAMPION[task]).with_for_update()
    ).one()
    concerned = update(Run).where(col(Run.team_id) == team_id, col(Run.version).in_([number, alias.version]))
    session.connection().execute(concerned.values(noted=Run.noted + 1))  # their notes offer other buttons now
    alias.version = number


def lock(session: Session, team_id: str, task: TaskName = CLASSIFICATION) -> None:
    """Hold the alias until the transaction ends: nobody else moves it between what is read of it and what is ruled."""
    held = select(Alias).where(Alias.team_id == team_id, Alias.name == CHAMPION[task]).with_for_update()
    session.exec(held.execution_options(populate_existing=True)).one_or_none()


def promotion(session: Session, team_id: str, number: int, by: str, reason: str) -> Ruling:
    """A person's ruling that a version shall serve, not kept yet. Raises VersionNotFoundError."""
    task = get(session, team_id, number).task
    lock(session, team_id, task)
    return Ruling(
        team_id=team_id,
        task=task,
        challenger=number,
        champion=in_service(session, team_id, task) or 0,
        grounds=Grounds.PERSON,
        decision=Decision.PROMOTE,
        reason=reason,
        made_by=by,
    )


def roll_back(
    session: Session,
    team_id: str,
    by: str,
    reason: str,
    grounds: Grounds = Grounds.PERSON,
    task: TaskName = CLASSIFICATION,
) -> Ruling:
    """A ruling that the version before shall serve again, not kept yet. Raises NothingToRollBackToError."""
    lock(session, team_id, task)
    return Ruling(
        team_id=team_id,
        task=task,
        challenger=before(session, team_id, task),
        champion=in_service(session, team_id, task) or 0,
        grounds=grounds,
        decision=Decision.ROLL_BACK,
        reason=reason,
        made_by=by,
    )


def give_back(
    session: Session, team_id: str, number: int, stays: int, reason: str, task: TaskName = CLASSIFICATION
) -> None:
    """Give the alias back to what serves, as `number` can't; whoever was quicker with another ruling is right."""
    if in_service(session, team_id, task) != number:
        return
    ruling = Ruling(
        team_id=team_id,
        task=task,
        challenger=stays,
        champion=number,
        grounds=Grounds.SWAP,
        decision=Decision.ROLL_BACK,
        reason=reason,
    )
    rule(session, ruling)


def before(session: Session, team_id: str, task: TaskName = CLASSIFICATION) -> int:
    """The version whose place the one in service took. Raises NothingToRollBackToError."""
    promotion = latest_promotion(session, team_id, task)
    if promotion is None:
        raise NothingToRollBackToError
    return promotion.champion


def latest_promotion(session: Session, team_id: str, task: TaskName = CLASSIFICATION) -> Ruling | None:
    """The ruling that put the version in service into its place; None where it is the first, or came back."""
    moves = select(Ruling).where(
        Ruling.team_id == team_id,
        Ruling.task == task,
        col(Ruling.decision).in_([Decision.PROMOTE, Decision.ROLL_BACK]),
    )
    promoted: list[Ruling] = []  # as a stack: a roll back takes the promotion away that it undoes
    for ruling in session.exec(moves.order_by(col(Ruling.made_at), col(Ruling.id))):
        if ruling.decision is Decision.PROMOTE:
            promoted.append(ruling)
        elif promoted:
            promoted.pop()
    if promoted and promoted[-1].challenger == in_service(session, team_id, task):
        return promoted[-1]
    return None


def rulings(session: Session, team_id: str, most: int) -> list[Ruling]:
    """The latest rulings, latest first."""
    chosen = select(Ruling).where(Ruling.team_id == team_id)
    return list(session.exec(chosen.order_by(col(Ruling.made_at).desc()).limit(most)))


def to_tell(session: Session, team_id: str) -> list[Ruling]:
    """Rulings of which operators were not told, oldest first."""
    is_wanted = undelivered.is_not_given_up(team_id, Delivery.RULING, col(Ruling.id))
    chosen = select(Ruling).where(Ruling.team_id == team_id, col(Ruling.shown_at).is_(None), is_wanted)
    return list(session.exec(chosen.order_by(col(Ruling.made_at))))


def told(session: Session, ruling_id: str, at: float) -> None:
    """Operators were told of a ruling."""
    session.get_one(Ruling, ruling_id).shown_at = at


def of_run(session: Session, run_id: str) -> list[Ruling]:
    """What was ruled on the challenger of a run, oldest first."""
    return list(session.exec(select(Ruling).where(Ruling.run_id == run_id).order_by(col(Ruling.made_at))))


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


def plain(
    session: Session, team_id: str, encoder: str, encoder_name: str, task: TaskName = CLASSIFICATION
) -> Version:
    """The version that is this encoder as it is, not fine-tuned; made where there is none."""
    of_encoder = _plain(team_id, encoder, task)
    while True:
        # Read first: should another replica register a version from here on, this number is taken and we look again.
        highest = session.exec(select(func.max(Version.number)).where(Version.team_id == team_id)).one()
        standing = session.exec(of_encoder).first()
        if standing:
            return standing
        version = Version(
            team_id=team_id,
            number=(highest or 0) + 1,
            task=task,
            encoder=encoder,
            encoder_name=encoder_name,
            base=encoder,
        )
        if insert_if_new(session, version):
            return version


def switch(
    session: Session, team_id: str, encoder: str, encoder_name: str, setting: str, instead_of: str
) -> Version:
    """The version that is this encoder as it is, made where there is none, for an operator who switches to it.

    `setting`: what names the encoder in settings. It counts as long as these name the one with the fingerprint
    `instead_of`.
    """
    number = plain(session, team_id, encoder, encoder_name).number
    version = session.get_one(Version, (team_id, number))
    version.card = {**version.card, SETTING: setting, INSTEAD_OF: instead_of}
    return version


def switched_to(session: Session, team_id: str, base: str) -> Version | None:
    """The version by which an operator switched to the encoder with this fingerprint; None where nobody did."""
    found = session.exec(_plain(team_id, base, CLASSIFICATION)).first()
    return found if found and INSTEAD_OF in found.card else None


def _plain(team_id: str, encoder: str, task: TaskName) -> SelectOfScalar[Version]:
    """Versions that are this encoder as it is, latest first."""
    chosen = select(Version).where(Version.team_id == team_id, Version.task == task)
    chosen = chosen.where(Version.encoder == encoder, col(Version.artifact).is_(None))
    return chosen.order_by(col(Version.number).desc())
