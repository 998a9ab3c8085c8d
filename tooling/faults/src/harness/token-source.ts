import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program as it is built: `node <main> serve`, `node <main> token …`. */
export const itemServiceMain: string = fileURLToPath(
  new URL("../../../../apps/item-service/dist/main.js", import.meta.url),
);

/** The keys of all services of a run, and what they have signed. */
export interface TokenSource {
  /** To be copied as `development-keys` into a service's DATA_DIR. */
  readonly keysFolder: string;
  /** Default: "items:read items:write". */
  token(scopes?: string): string;
  close(): void;
}

export function createTokenSource(): TokenSource {
  const folder = mkdtempSync(join(tmpdir(), "faults-keys-"));
  const cache = new Map<string, string>();
  const token = (scopes = "items:read items:write"): string => {
    const known = cache.get(scopes) ?? sign(folder, scopes);
    cache.set(scopes, known);
    return known;
  };
  // The first one makes the keys.
  token();
  return {
    keysFolder: join(folder, "development-keys"),
    token,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function sign(folder: string, scopes: string): string {
  return execFileSync(process.execPath, [itemServiceMain, "token", "--scope", scopes], {
    env: { ...process.env, DATA_DIR: folder },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}
