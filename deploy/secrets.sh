#!/bin/sh
# Prints the secrets that docker-compose.yml needs, each made anew: there is no default one.
set -eu
for name in POSTGRES_PASSWORD RABBITMQ_PASSWORD METRICS_DB_PASSWORD IMPROVEMENT_DB_PASSWORD \
    SATISFACTION_DB_PASSWORD AUDIT_DB_PASSWORD NOTIFIER_DB_PASSWORD RATCHET_JWT_KEY RATCHET_SEAL_KEY; do
    printf '%s=%s\n' "$name" "$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"
done
