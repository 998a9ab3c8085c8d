import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findSecrets } from "./find-secrets.ts";
import { root } from "./workspace.ts";

function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 8_000).includes(0);
}

it("H10: no file of the repository has a secret", async () => {
  const list = execFileSync("git", ["ls-files", "-coz", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  const files = list.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
  expect(files.length).toBeGreaterThan(500);
  const found = await Promise.all(
    files.map((file) => {
      const bytes = readFileSync(join(root, file));
      return isText(bytes) ? findSecrets(file, bytes.toString()) : [];
    }),
  );
  expect(found.flat()).toEqual([]);
}, 60_000);

// Made at run time: the test above reads this file too.
const { privateKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

it.each([
  ["a private key", privateKey],
  ["a token of npm", `//registry.example.com/:_authToken=npm_${randomBytes(18).toString("hex")}`],
  ["a token of GitHub", `token: ghp_${randomBytes(18).toString("hex")}`],
  [
    "a database's password",
    `url: postgres://shop:${randomBytes(8).toString("hex")}@db.example.com:5432/shop`,
  ],
  ["a token of Slack", `xoxb-${"1234567890".repeat(2)}-${randomBytes(12).toString("hex")}`],
])("H10: finds %s, and does not show it", async (_what, text) => {
  const found = await findSecrets("planted.txt", `first line\n${text}\n`);
  expect(found.length).toBeGreaterThan(0);
  expect(found[0]?.place).toBe("planted.txt:2");
  const secret = /[0-9a-f]{16,}/.exec(text)?.[0] ?? privateKey.split("\n")[1] ?? "";
  expect(JSON.stringify(found)).not.toContain(secret);
});
