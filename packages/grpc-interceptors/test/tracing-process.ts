import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import type { SentSpan } from "./tracing-sent-span.ts";

export interface TracedProcess {
  readonly address: string;
  /** The spans that have ended there so far. */
  readonly spans: readonly SentSpan[];
}

/** Runs `tracing-server.ts` until the test ends. */
export async function startTracedProcess(): Promise<TracedProcess> {
  const spans: SentSpan[] = [];
  const child = run("./tracing-server.ts");
  const address = String(await firstMessage(child));
  child.on("message", (span) => spans.push(span as SentSpan));
  return { address, spans };
}

/** The spans of one call of each kind where @opentelemetry/instrumentation-grpc is on, too. */
export async function spansBesideInstrumentation(
  instrumentation: "ignoring" | "tracing",
): Promise<readonly SentSpan[]> {
  return (await firstMessage(run("./tracing-instrumented.ts", instrumentation))) as SentSpan[];
}

function run(program: string, ...args: string[]): ChildProcess {
  const execArgv = ["--conditions=@grpc-kit/source"];
  const child = fork(new URL(program, import.meta.url), args, { execArgv });
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill()) {
      await once(child, "exit");
    }
  });
  return child;
}

function firstMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the process has exited with ${code}`)));
  });
}
