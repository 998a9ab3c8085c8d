import { describe, expect, it } from "vitest";
import { exampleReport } from "./example-report.ts";
import { toTable } from "./table.ts";

describe("toTable", () => {
  it("has all scenarios, with each target beside what it is about", () => {
    expect(toTable(exampleReport)).toMatchInlineSnapshot(`
      "Fast & <Cheap>, 2 cores, Node.js 26.10.0, 2026-11-26
      medians of 9 interleaved rounds, 5 for memory
      unary calls of servers by h2load nghttp2/1.52.0; @grpc/grpc-js 1.14.7

      servers: unary, 32 in flight, for each call
                                    CPU µs   wall µs  ratio
        grpc-js                      50.00     61.23   1.00
        grpc-server                  53.50     65.00   1.07   ≤ 1.10 reached
        grpc-server-standard         70.00     82.00   1.40   ≤ 1.30 MISSED; 1.12 of nice-grpc, ≤ 1.00 MISSED
        nice-grpc                    62.50     70.00   1.25

      memory: 1,000 idle connections, for each connection
                                    RSS KB   heap KB  ratio
        grpc-js                      20.00      3.50   1.00
        connect                      123.4      3.00   6.17

      targets: 1 of 3 reached
        MISSED servers: unary, 32 in flight, grpc-server-standard: 1.40, not ≤ 1.30
        MISSED servers: unary, 32 in flight, grpc-server-standard: 1.12 of nice-grpc, not ≤ 1.00
      "
    `);
  });

  it("says nothing of targets when none was measured", () => {
    expect(toTable({ ...exampleReport, targets: [] })).not.toMatch(/target|MISSED/);
  });
});
