import { soak } from "./soak.ts";

const usage = `Usage: pnpm soak [minutes]

Starts item-service and calls it in all ways for some minutes (default: 5), while it measures both.
Exits with 1 if something leaks, hangs or fails as it should not. Ctrl-C ends it before its time.

The environment is the service's: DATABASE_URL, GRPC_SERVER_MAX_WORKERS and the rest of README.md.
`;

async function main([minutes = "5"]: readonly string[]): Promise<void> {
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(minutes) || Number(minutes) === 0) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  const isWell = await soak({
    durationMs: Number(minutes) * 60_000,
    signal: interrupted.signal,
    print: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(isWell ? "\nall is well\n" : "\nsomething is wrong: see FAIL above\n");
  process.exitCode = isWell ? 0 : 1;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
