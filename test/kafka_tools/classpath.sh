# Prints the class path of Kafka's tools, fetched through Maven; sourced by tests that need them.
# Returns 77 (skipped) with a reason outside CI when Java or Maven is missing; in CI both are
# installed.
kafka_classpath() {
  if ! command -v mvn >/dev/null || ! command -v java >/dev/null; then
    if [ -z "${CI:-}" ]; then
      echo "skipped: needs java and mvn (apt-get install default-jre-headless maven)" >&2
      return 77
    fi
    . "$(dirname "${BASH_SOURCE[0]}")/../../.ci/setup.sh"
    runnel_setup default-jre-headless maven || return 1
  fi
  local file=${XDG_CACHE_HOME:-$HOME/.cache}/runnel-test/kafka-tools.classpath
  if [ ! -s "$file" ] || tr : '\n' <"$file" | while read -r jar; do [ -e "$jar" ] || echo gone; done | grep -q gone; then
    mkdir -p "$(dirname "$file")"
    mvn -q -B -f "$(dirname "${BASH_SOURCE[0]}")/pom.xml" dependency:build-classpath \
      -Dmdep.outputFile="$file" >&2 || { echo "Maven could not fetch Kafka's tools" >&2; rm -f "$file"; return 1; }
  fi
  cat "$file"
}
