import { describe, expect, it } from "vitest";
import { showProgress } from "./progress.ts";

function recordProgress(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, write: (text: string) => written.push(text) > 0 };
  let nowMs = 0;
  const progress = showProgress({ label: "sent", total: 20_000, stream, now: () => nowMs });
  const addAt = (ms: number, count: number) => {
    nowMs = ms;
    progress.add(count);
  };
  return { written, addAt, end: () => progress.end() };
}

describe("showProgress", () => {
  it("changes one line of a terminal, ten times a second at the most", () => {
    const { written, addAt, end } = recordProgress(true);
    addAt(50, 1);
    addAt(100, 4_999);
    addAt(199, 1);
    addAt(2_000, 14_999);
    end();
    expect(written).toEqual([
      "\r  sent 5,000 of 20,000 items (25 %), 50,000 a second\u001b[K",
      "\r  sent 20,000 of 20,000 items (100 %), 10,000 a second\u001b[K",
      "\r  sent 20,000 of 20,000 items (100 %), 10,000 a second\u001b[K\n",
    ]);
  });

  it("prints a line a second elsewhere, and the last one", () => {
    const { written, addAt, end } = recordProgress(false);
    addAt(999, 100);
    addAt(1_000, 100);
    addAt(1_999, 19_800);
    end();
    expect(written).toEqual([
      "  sent 200 of 20,000 items (1 %), 200 a second\n",
      "  sent 20,000 of 20,000 items (100 %), 10,005 a second\n",
    ]);
  });
});
