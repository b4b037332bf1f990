#!/usr/bin/env bash
# Installs what tests use besides Python, from Debian's packages: promtool, a browser, logrotate. Needs root;
# elsewhere the tests that need them say so and are skipped.
set -euo pipefail
missing=()
command -v promtool >/dev/null || missing+=(prometheus)
command -v chromium >/dev/null || missing+=(chromium)
[ -x /usr/sbin/logrotate ] || command -v logrotate >/dev/null || missing+=(logrotate)
if [ "${#missing[@]}" -eq 0 ]; then
  echo "everything is there"
elif [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed, for it needs root on Debian: ${missing[*]}" >&2
  exit 1
else
  patient=(-o Acquire::Retries=3)
  apt-get "${patient[@]}" update --quiet --quiet
  # The server of Prometheus is not wanted: only the tool beside it.
  DEBIAN_FRONTEND=noninteractive apt-get "${patient[@]}" install --yes --quiet --quiet --no-install-recommends "${missing[@]}"
fi
