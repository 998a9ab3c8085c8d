import { describe, expect, it } from "vitest";
import { notRun } from "./not-run.ts";
import type { Row } from "./row.ts";
import { runSuite } from "./suite.ts";

function row(id: string, run: Row["run"], isQuick = true): Row {
  return { id, fault: "a fault", promise: "a promise", isQuick, run };
}

const kept = row("A1", async () => ({ measured: "12 calls", misses: [] }));
const missed = row("A2", async () => ({ measured: "3 calls", misses: ["one of them failed"] }));
const throwing = row("A3", () => Promise.reject(new Error("no such port")), false);
const impossible = notRun("A4", "another fault", "another promise", "needs two machines");

interface Printed {
  readonly code: number;
  readonly text: string;
  readonly progress: string;
}

async function run(rows: readonly Row[], ...args: readonly string[]): Promise<Printed> {
  let text = "";
  const progress: string[] = [];
  const code = await runSuite(args, {
    rows,
    print: (more) => {
      text += more;
    },
    progress: (line) => void progress.push(line),
  });
  return { code, text, progress: progress.join("\n") };
}

describe("runSuite", () => {
  it("ends with 0 when all that was run is kept", async () => {
    const { code, text } = await run([kept, impossible]);
    expect(code).toBe(0);
    expect(text).toContain("2 rows: 1 kept, 0 MISSED, 1 not run");
    expect(text).toContain("| A1 | a fault | a promise | 12 calls | kept |");
    expect(text).toContain("not run: needs two machines");
  });

  it("ends with 1 when a promise is not kept, and goes on to the next row", async () => {
    const { code, text, progress } = await run([missed, kept]);
    expect(code).toBe(1);
    expect(text).toContain("2 rows: 1 kept, 1 MISSED (A2), 0 not run");
    expect(text).toContain("3 calls; MISSED: one of them failed");
    expect(progress).toMatch(/A2 missed in .*: 3 calls\n\s+MISSED: one of them failed/);
  });

  it("runs a row once more that was late, and tells so, but none that has missed otherwise", async () => {
    const results = [[{ late: "it took 3 s" }], []];
    const late = row("A6", async () => ({ measured: "4 calls", misses: results.shift() ?? [] }));
    const { code, text, progress } = await run([late, kept]);
    expect(code).toBe(0);
    expect(text).toContain("2 rows: 2 kept (1 at the second try: A6), 0 MISSED, 0 not run");
    expect(text).toContain("4 calls (at the first try: it took 3 s) | kept |");
    expect(progress).toContain("A6 once more, since the machine may be why: it took 3 s");

    const both = [["one failed", { late: "it took 3 s" }], []];
    const failed = row("A7", async () => ({ measured: "", misses: both.shift() ?? [] }));
    expect((await run([failed])).text).toContain("- A7: one failed\n- A7: it took 3 s");
  });

  it("takes a row that is late twice as a miss", async () => {
    const late = row("A8", async () => ({ measured: "", misses: [{ late: "it took 3 s" }] }));
    const { code, text } = await run([late]);
    expect(code).toBe(1);
    expect(text).toContain("1 row: 0 kept, 1 MISSED (A8), 0 not run");
  });

  it("takes a row that throws as a miss, with what it says", async () => {
    const { code, text } = await run([throwing]);
    expect(code).toBe(1);
    expect(text).toContain("the row has thrown: Error: no such port");
  });

  it("takes a row whose cleanup fails as a miss", async () => {
    const untidy = row("A5", async (harness) => {
      harness.onEnd(() => Promise.reject(new Error("still open")));
      return { measured: "", misses: [] };
    });
    const { code, text } = await run([untidy]);
    expect(code).toBe(1);
    expect(text).toContain("a cleanup has failed: Error: still open");
  });

  it("runs the rows of the ids alone, in any case of letters, and the quick set", async () => {
    expect((await run([kept, missed], "a1")).code).toBe(0);
    expect((await run([kept, throwing], "--quick")).text).toContain("1 row: 1 kept");
  });

  it("names an id that it does not know, and all that there are", async () => {
    await expect(run([kept, missed], "Z9")).rejects.toThrow(
      "there is no row Z9: the rows are A1 A2",
    );
  });

  it("writes the table of all rows, and no other", async () => {
    await expect(run([kept], "A1", "--write")).rejects.toThrow("--write must be given alone");
  });
});
