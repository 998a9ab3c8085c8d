/** The extended result code of an error that SQLite reported: https://sqlite.org/rescode.html */
export function sqliteErrorCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error ? Number(error.errcode) : undefined;
}
