#!/bin/sh
# Writes .env for docker-compose.yml: deploy/compose.env.example with a new secret for each empty variable of its
# section "Secrets". Requires only a POSIX shell.
set -eu
cd "$(dirname "$0")/.."

if [ -e .env ]; then
  echo "make-env: .env already exists, and its secrets belong to your data. Nothing was changed." >&2
  echo "make-env: compare it with deploy/compose.env.example; delete it only together with the volumes." >&2
  exit 1
fi

secret() {
  od -A n -N 32 -t x1 /dev/urandom | tr -d ' \n'
}

umask 077
in_secrets=no
while IFS= read -r line; do
  case $line in
    '# --- Secrets'*) in_secrets=yes ;;
    '# --- '*) in_secrets=no ;;
  esac
  case $in_secrets$line in
    yes[A-Z]*=) printf '%s%s\n' "$line" "$(secret)" ;;
    *) printf '%s\n' "$line" ;;
  esac
done < deploy/compose.env.example > .env.new
mv .env.new .env
echo "make-env: wrote .env with new secrets, readable by you only. Keep a copy in a safe place."
