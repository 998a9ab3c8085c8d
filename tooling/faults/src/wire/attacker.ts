import { CannotRunError } from "../not-run.ts";

/**
 * The address that the attacker of a row has, as in "127.1.0.7" of A7: another one for each row and for each `n`, since
 * the server's budgets are those of an address, and rows share servers.
 */
export function addressOf(id: string, n = 0): string {
  if (process.platform !== "linux") {
    throw new CannotRunError(
      "an attacker has to have another address than the victim: only Linux has several on the loopback",
    );
  }
  const letter = id.charCodeAt(0) - "A".charCodeAt(0) + 1;
  return `127.${letter}.${n}.${Number.parseInt(id.slice(1), 10)}`;
}
