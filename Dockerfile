# remediator in a container: no root, no shell needed, a read-only root file system; it writes to /data only.
#
#   docker build --tag remediator .
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges --stop-timeout=30 \
#     --volume "$PWD/config:/etc/remediator:ro" --volume remediator-data:/data \
#     --publish 127.0.0.1:9095:9095 remediator
#
# /etc/remediator holds remediator.yml with "store: {path: /data/remediator.db}", the rule files that it
# names, and the secrets. Inside of a container the daemon cannot tell who can reach it: it listens on
# every address, and so it starts only with both credentials (docs/security.md), which needs
# --web.config.file. Arguments after the image's name replace those of CMD, all of them.
#
# The base is pinned by its tag, down to the patch level. A digest would pin it harder; put yours behind the
# tag (python:...@sha256:...) if your registry is not trusted to keep tags.

FROM python:3.12.11-slim-bookworm AS build
WORKDIR /src
COPY config/container/constraints.txt ./
RUN pip install --no-cache-dir --constraint constraints.txt hatchling==1.33.0
COPY pyproject.toml README.md ./
COPY remediator ./remediator
COPY rules ./rules
# pip stays outside of what is shipped.
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
 && python -m venv --without-pip /opt/remediator \
 && pip --python /opt/remediator/bin/python install --no-cache-dir --only-binary=:all: \
      --constraint constraints.txt "$(echo /wheels/*.whl)[all]"

FROM python:3.12.11-slim-bookworm
# tini is the first process: it takes in what the programs of command.run leave behind.
# Debian keeps one version of a package in a release; a pinned one would stop building at its next fix.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 remediator \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin remediator \
 && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /opt/remediator /opt/remediator
# TMPDIR: SQLite's large sorts, and the certificates that a kubeconfig holds inline, need a place.
ENV PATH=/opt/remediator/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    TMPDIR=/data \
    REMEDIATOR_HEALTH_URL=http://127.0.0.1:9095/-/healthy
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 9095
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(os.environ['REMEDIATOR_HEALTH_URL'], timeout=4)"]
ENTRYPOINT ["tini", "--", "remediator", "serve"]
CMD ["--config.file=/etc/remediator/remediator.yml", "--web.config.file=/etc/remediator/web.yml", "--web.listen-address=0.0.0.0:9095"]
