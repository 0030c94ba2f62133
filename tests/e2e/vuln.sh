#!/usr/bin/env bash
# govulncheck, which looks up known vulnerabilities of what the program calls. Its database is on the network: where it
# is out of reach, VULNDB names a copy of it (a file:// URL), and without one CI says that nothing was checked.
set -uo pipefail
tool=golang.org/x/vuln/cmd/govulncheck@v1.8.0
out=$(go run "$tool" ${VULNDB:+-db "$VULNDB"} ./... 2>&1)
status=$?
if [ $status -ne 0 ] && [ -z "${VULNDB:-}" ] && [ "${1:-}" = --lenient ] && grep -q "fetching vulnerabilities" <<<"$out"; then
  echo "NOT CHECKED: the database of vulnerabilities is out of reach; VULNDB=file:///DIR names a copy of it"
  exit 0
fi
echo "$out"
exit $status
