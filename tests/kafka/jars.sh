#!/usr/bin/env bash
# Gets the jars of an Apache Kafka broker by their coordinates (pom.xml), with the ordinary mvn.
# Usage: jars.sh FOLDER
set -euo pipefail
folder=${1:?usage: jars.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")"
if ! cmp -s pom.xml "$folder/pom.xml"; then
  rm -f "$folder"/*.jar
  mvn -q -B -f pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$folder" -DincludeScope=runtime
  cp pom.xml "$folder/pom.xml"
fi
