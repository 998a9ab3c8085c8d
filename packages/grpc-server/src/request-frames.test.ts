import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestFrames } from "./request-frames.ts";

function frame(length: number, flag = 0): Buffer {
  const bytes = Buffer.alloc(5 + length, 7);
  bytes[0] = flag;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe("RequestFrames", () => {
  it("finds the same in all ways of cutting the bytes up", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.nat(30),
        (lengths, cuts, missing) => {
          const whole = Buffer.concat(lengths.map((length) => frame(length)));
          const sent = whole.subarray(0, Math.max(0, whole.length - missing));
          const frames = new RequestFrames(false);
          let at = 0;
          for (let turn = 0; at < sent.length; turn += 1) {
            const end = at + (cuts[turn % cuts.length] ?? 1);
            expect(frames.push(sent.subarray(at, end))).toBe(true);
            at = end;
          }
          const ends = lengths.map((_, index) =>
            lengths.slice(0, index + 1).reduce((sum, length) => sum + 5 + length, 0),
          );
          expect(frames.isMidMessage).toBe(sent.length > 0 && !ends.includes(sent.length));
          if (sent.length === whole.length) {
            expect(frames.messageBytes).toBe(lengths.reduce((sum, length) => sum + length, 0));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    [0, false, true],
    [1, true, true],
    [1, false, false],
    [2, true, false],
    [255, false, false],
  ])("B6: flag %i where messages may be compressed: %s, is right: %s", (flag, mayBe, isRight) => {
    expect(new RequestFrames(mayBe).push(frame(3, flag))).toBe(isRight);
    const bytewise = new RequestFrames(mayBe);
    const answers = [...frame(3, flag)].map((byte) => bytewise.push(Buffer.of(byte)));
    expect(answers.every((answer) => answer)).toBe(isRight);
  });
});
