#!/usr/bin/env node
import { redactGrpcJsLogs } from "@grpc-kit/grpc-interceptors/metadata";
import { UsageError } from "./commands/usage-error.ts";
import { endOnSignalsAsFirstProcess } from "./end-on-signals.ts";

type Command = (args: readonly string[]) => Promise<void>;

// Loaded when it is called, since a probe runs every few seconds.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./commands/serve.ts")).serve,
  migrate: async () => (await import("./commands/migrate.ts")).migrate,
  probe: async () => (await import("./commands/probe.ts")).probe,
  token: async () => (await import("./commands/token.ts")).token,
  help: async () => async () => void process.stdout.write(usage),
};

const usage = `Usage: item-service [command] [options]

  serve                        serves until SIGTERM or SIGINT; what runs without a command
  migrate                      brings the database up to date
  probe [address] [service]    asks a server for its health; probe --help has the options
  token                        prints a token for development; token --help has the options
  help                         prints this

The settings are environment variables: see README.md.
`;

async function main([name = "serve", ...args]: readonly string[]): Promise<void> {
  redactGrpcJsLogs();
  endOnSignalsAsFirstProcess();
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (name === "--help" || name === "-h") {
    process.stdout.write(usage);
  } else if (load === undefined) {
    throw new UsageError(`there is no command ${name}`);
  } else {
    await (await load())(args);
  }
}

/** What to do about an error, where its text does not say it. */
function adviceFor(error: unknown): string {
  if (error instanceof UsageError) {
    return `\n${usage}`;
  }
  return String(error).includes("EADDRINUSE")
    ? "Another program listens there: end it, or set GRPC_SERVER_PORT or ADMIN_PORT to a free port.\n"
    : "";
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`item-service: ${text}\n${adviceFor(error)}`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
