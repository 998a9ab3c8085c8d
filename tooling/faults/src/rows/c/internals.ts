// What a caller must never see, whatever happens.
const internals: Readonly<Record<string, RegExp>> = {
  "a stack": /\n?\s+at (async )?[\w.<>[\] ]+ \(|\bat (async )?(file:|node:|\/)\S+:\d+/,
  "a path": /node_modules|file:\/\/\/|node:internal|\/(work|home|root|usr|tmp|var|app)\/\S/,
  "a source file": /\b[\w-]+\.(ts|js|mjs|cjs):\d+/,
  SQL: /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b.*\b(FROM|VALUES|SET|WHERE)\b/,
  "a database": /sqlite|postgres(ql)?:|no such (table|column)|relation "|pg_|DATABASE_URL/i,
  "a table": /\b(idempotency_keys|migrations|main\.items|s3cr3t_)/i,
  "a runtime error": /is not a function|Cannot read prop|is not iterable|of undefined|TypeError/,
};

/** The name of what is internal in a text that a caller was sent; undefined if nothing is. */
export function internalsIn(text: string): string | undefined {
  return Object.entries(internals).find(([, pattern]) => pattern.test(text))?.[0];
}
