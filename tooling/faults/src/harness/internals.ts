// What a caller must never see, whatever happens.
const internals: Readonly<Record<string, RegExp>> = {
  "a stack": /\n?\s+at (async )?[\w.<>[\] ]+ \(|\bat (async )?(file:|node:|\/)\S+:\d+/,
  "a path": /node_modules|file:\/\/\/|node:internal|\/(work|home|root|usr|tmp|var|app)\/\S/,
  "a source file": /\b[\w-]+\.(ts|js|mjs|cjs):\d+/,
  SQL: /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(FROM|VALUES|SET|WHERE)\b/,
  "a database":
    /sqlite|postgres(ql)?:|no such (table|column)|relation "|\bpg_(catalog|class|index|stat|type)|DATABASE_URL/i,
  "a table": /\b(idempotency_keys|migrations|main\.items|s3cr3t_)/i,
  "a runtime error": /is not a function|Cannot read prop|is not iterable|of undefined|TypeError/,
};

/** What is internal in a text that a caller was sent, as in `a database ("no such table")`; undefined if nothing is. */
export function internalsIn(text: string): string | undefined {
  for (const [name, pattern] of Object.entries(internals)) {
    const found = pattern.exec(text);
    if (found !== null) {
      return `${name} (${JSON.stringify(found[0])})`;
    }
  }
  return undefined;
}
