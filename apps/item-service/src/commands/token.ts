import { makeDevelopmentToken } from "../auth/development-token.ts";
import { readOptions } from "./arguments.ts";
import { UsageError } from "./usage-error.ts";

const usage = `Usage: item-service token [options]

Prints a token for development, which the service takes that has the same DATA_DIR.

  --scope <scopes>     what it allows (default: "items:read items:write")
  --subject <name>     whom it names (default: dev)
  --expires <time>     how long it is good for, as in 30m, 8h or 7d (default: 8h)
  --help               print this
`;

const defaults = { scope: "items:read items:write", subject: "dev", expires: "8h" };

/** `item-service token`: stdout holds the token and nothing else. */
export async function token(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    process.stdout.write(usage);
    return;
  }
  const { scope, subject, expires } = readOptions(args, defaults);
  if (!/^[1-9]\d{0,5}[smhd]$/.test(expires)) {
    throw new UsageError(`--expires must be a time as in 30m, 8h or 7d, got ${expires}`);
  }
  if (subject === "") {
    throw new UsageError("--subject must not be empty");
  }
  const content = { scope, subject, expiresIn: expires };
  const made = await makeDevelopmentToken(process.env, content);
  process.stdout.write(`${made.token}\n`);
  process.stderr.write(
    [
      `${subject} may use ${scope || "no scope"} with it for ${expires}, at a service that has the keys in`,
      `${made.folder}; send it as metadata: "authorization: Bearer <token>"\n`,
    ].join("\n"),
  );
}
