# The receiver alone: `docker build -t esign-receiver .`; what it needs comes as environment variables (see README.md).
FROM python:3.11-slim

# Fixed, so that a volume or a database's rules can name it.
RUN useradd --create-home --uid 10001 esign && install -d -o esign -m 0700 /data
WORKDIR /app

# The application is whole only with all of its rooms; of them the receiver loads connectors and ledger.
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY connectors connectors
COPY recipes recipes
COPY ledger ledger
COPY blocks blocks
COPY flows flows
COPY receiver receiver
COPY sandbox sandbox
COPY cli cli
RUN pip install --no-cache-dir --constraint constraints.txt .

USER esign
WORKDIR /data
# A SQLite ledger lies on the volume and serves one container; several share one Postgres (ESIGN_LEDGER_URL).
ENV ESIGN_HOME=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8600/healthz', timeout=4)"]
CMD ["esign", "receiver", "--host", "0.0.0.0", "--port", "8600"]
