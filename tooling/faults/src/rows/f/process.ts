import { execFileSync, spawn } from "node:child_process";
import { once as onceEmitted } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { codeOf, once, openItems } from "../../harness/item-stub.ts";
import { lateUnless, missUnless } from "../../harness/judge.ts";
import { percentile } from "../../harness/percentile.ts";
import { sizeOf } from "../../harness/size-of.ts";
import { ms, tally } from "../../harness/tell.ts";
import { msUntil } from "../../harness/wait-until.ts";
import { CannotRunError } from "../../not-run.ts";
import type { Row } from "../../row.ts";

const stallMs = 500;

export const stalledLoop: Row = {
  id: "F15",
  fault: "The service stands still for 500 ms (SIGSTOP), under load",
  promise:
    "No connection and no call is lost by it, and calls are as fast as before within a second (their p99 at most three times that of before, or 250 ms)",
  isQuick: true,
  async run(harness) {
    const service = await harness.service({ own: true });
    const items = openItems(harness, service.address, { token: service.token(), ...once });
    const codes: string[] = [];
    let [isStalled, isOver] = [false, false];
    const [before, afterwards]: [number[], number[]] = [[], []];
    let recoveredAt = Number.POSITIVE_INFINITY;
    const lane = async (): Promise<void> => {
      while (!isOver) {
        const startMs = performance.now();
        codes.push(await codeOf(items.getItem({ id: crypto.randomUUID() })));
        if (recoveredAt === Number.POSITIVE_INFINITY && !isStalled) {
          before.push(performance.now() - startMs);
        } else if (startMs > recoveredAt + 1_000) {
          afterwards.push(performance.now() - startMs);
        }
        await delay(10);
      }
    };
    const lanes = Array.from({ length: 8 }, lane);
    await delay(harness.isQuick ? 200 : 1_000);
    await service.resetPeaks();
    const { openSockets } = await service.probe();
    isStalled = true;
    process.kill(service.pid, "SIGSTOP");
    await delay(stallMs);
    process.kill(service.pid, "SIGCONT");
    recoveredAt = performance.now();
    await delay(harness.isQuick ? 1_200 : 4_000);
    isOver = true;
    await Promise.all(lanes);
    const after = await service.probe();
    const [p99Before, p99] = [percentile(before, 99), percentile(afterwards, 99)];
    const limitMs = Math.max(harness.isQuick ? 2_000 : 250, 3 * p99Before);
    return {
      measured: `${tally(codes)}; p99 from a second later on ${ms(p99)} (${ms(p99Before)} before)`,
      misses: [
        ...missUnless(
          codes.every((code) => code === "NOT_FOUND"),
          `calls failed: ${tally(codes)}`,
        ),
        ...missUnless(after.openSockets >= openSockets, "connections were lost"),
        ...lateUnless(
          p99 <= limitMs,
          `the p99 was ${ms(p99)} a second later, more than ${ms(limitMs)}`,
        ),
      ],
    };
  },
};

const soakProgram = fileURLToPath(
  new URL("../../../../../apps/item-service/soak/run.ts", import.meta.url),
);

export const soak: Row = {
  id: "F16",
  fault: "A mixed load of all methods and many faults, for long",
  promise:
    "Heap, memory, files and handles stay flat, and every call ends as it is to (FAULTS_SOAK_MINUTES=30 for the full size; 2.5 by default)",
  isQuick: false,
  async run(harness) {
    const minutes = sizeOf("FAULTS_SOAK_MINUTES", 2.5);
    const child = spawn(process.execPath, [...process.execArgv, soakProgram, String(minutes)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    harness.onEnd(() => void child.kill("SIGTERM"));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const [code] = await onceEmitted(child, "close");
    const found = output.split("\n").filter((line) => /^(?:ok|FAIL) /.test(line));
    const short = found
      .filter((line) => /calls made|heap|memory|files/.test(line))
      .map((line) => line.replace(/^\w+ +/, ""));
    return {
      measured: `${minutes} minutes: ${short.join("; ")}`,
      misses: [
        ...found.filter((line) => line.startsWith("FAIL")),
        ...missUnless(code === 0, `the soak has ended with ${code}: ${output.slice(-300)}`),
      ],
    };
  },
};

export const outOfFiles: Row = {
  id: "F17",
  fault: "A port that is taken, and a process without file descriptors",
  promise:
    "The first ends the start with an error that says what is wrong; the second loses no connection that is open, and passes",
  isQuick: false,
  async run(harness) {
    const taken = createServer().listen(0, "127.0.0.1");
    await onceEmitted(taken, "listening");
    harness.onEnd(() => void taken.close());
    const port = String((taken.address() as AddressInfo).port);
    const refusal = harness
      .service({ env: { GRPC_SERVER_PORT: port }, own: true, until: "listening" })
      .then(
        () => "it has started",
        (error: unknown) => String(error),
      );
    const [said, exhausted] = await Promise.all([refusal, exhaust()]);
    return {
      measured: `the taken port: ${/cannot listen on [^\\"]*/.exec(said)?.[0].split("\n")[0] ?? said.slice(0, 200)}; ${exhausted.measured}`,
      misses: [
        ...missUnless(
          said.includes("cannot listen on") && said.includes(port),
          `the error does not say what is wrong: ${said.slice(-300)}`,
        ),
        ...exhausted.misses,
      ],
    };

    async function exhaust(): Promise<{ measured: string; misses: readonly string[] }> {
      const service = await harness.service({ own: true });
      const items = openItems(harness, service.address, { token: service.token(), ...once });
      const call = () => codeOf(items.getItem({ id: crypto.randomUUID() }));
      await call();
      const { fds } = await service.probe();
      if (fds === undefined) {
        throw new CannotRunError("only Linux tells how many files a process has open");
      }
      limitFiles(service.pid, fds + 10);
      const sockets = Array.from({ length: 60 }, (): Socket => connect(service.port, "127.0.0.1"));
      harness.onEnd(() => {
        for (const socket of sockets) {
          socket.destroy();
        }
      });
      for (const socket of sockets) {
        socket.on("error", () => {});
      }
      await delay(300);
      const codes = [];
      for (let made = 0; made < 20; made += 1) {
        codes.push(await call());
      }
      for (const socket of sockets) {
        socket.destroy();
      }
      const other = openItems(harness, service.address, {
        token: service.token(),
        ...once,
        // Connections of its own.
        channel: { userAgent: "another" },
      });
      const backMs = await msUntil(
        async () => (await codeOf(other.getItem({ id: crypto.randomUUID() }))) === "NOT_FOUND",
        { intervalMs: 100 },
      );
      return {
        measured: `with 10 descriptors left and 60 new connections: ${tally(codes)} on the old one, new callers served again after ${ms(backMs)}`,
        misses: [
          ...missUnless(
            codes.every((code) => code === "NOT_FOUND"),
            `calls on an open connection failed: ${tally(codes)}`,
          ),
          ...missUnless(backMs !== undefined, "nobody new was served any more"),
        ],
      };
    }
  },
};

/** As `ulimit -n` for a process that runs: https://man7.org/linux/man-pages/man1/prlimit.1.html */
function limitFiles(pid: number, files: number): void {
  try {
    execFileSync("prlimit", ["--pid", String(pid), `--nofile=${files}:${files}`]);
  } catch {
    throw new CannotRunError("needs prlimit, of util-linux");
  }
}
