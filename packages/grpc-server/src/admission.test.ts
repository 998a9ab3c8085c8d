import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Admission, type AdmissionLimits, type Entrant } from "./admission.ts";

interface Asked extends Entrant {
  answer: string | undefined;
}

function ask(admission: Admission, fields: Partial<Entrant> = {}): Asked {
  const asked: Asked = {
    deadline: Number.POSITIVE_INFINITY,
    typicalMs: 0,
    answer: undefined,
    admit() {
      asked.answer = "in";
    },
    refuse(reason) {
      asked.answer = reason;
    },
    ...fields,
  };
  admission.enter(asked);
  return asked;
}

function createAdmission(limits: Partial<AdmissionLimits> = {}): Admission {
  return new Admission({ maxRunning: 1, maxQueued: 2, maxQueueMs: 1_000, ...limits });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("Admission", () => {
  it("lets the newest in first", () => {
    const admission = createAdmission();
    const [first, older, newer] = [ask(admission), ask(admission), ask(admission)];
    expect([first.answer, older.answer, newer.answer]).toEqual(["in", undefined, undefined]);
    admission.leave();
    expect([older.answer, newer.answer]).toEqual([undefined, "in"]);
    admission.leave();
    expect(older.answer).toBe("in");
  });

  it("refuses the oldest when the queue is full, since it has the least time left", () => {
    const admission = createAdmission();
    ask(admission);
    const [oldest, middle, newest] = [ask(admission), ask(admission), ask(admission)];
    expect([oldest.answer, middle.answer, newest.answer]).toEqual(["full", undefined, undefined]);
    expect(admission.queued).toBe(2);
  });

  it("drops what has expired before anything else", () => {
    const admission = createAdmission();
    ask(admission);
    const patient = ask(admission);
    const late = ask(admission, { deadline: Date.now() + 10 });
    vi.advanceTimersByTime(20);
    const newest = ask(admission);
    expect([patient.answer, late.answer, newest.answer]).toEqual([
      undefined,
      "deadline_too_short",
      undefined,
    ]);
  });

  it("F1: lets nobody wait longer than it says", () => {
    const admission = createAdmission();
    ask(admission);
    const first = ask(admission);
    vi.advanceTimersByTime(500);
    const second = ask(admission);
    vi.advanceTimersByTime(501);
    expect([first.answer, second.answer]).toEqual(["full", undefined]);
    vi.advanceTimersByTime(500);
    expect(second.answer).toBe("full");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses at once without a queue", () => {
    const admission = createAdmission({ maxQueued: 0 });
    ask(admission);
    expect(ask(admission).answer).toBe("full");
  });

  it("forgets who has gone", () => {
    const admission = createAdmission();
    ask(admission);
    const [older, gone] = [ask(admission), ask(admission)];
    admission.withdraw(gone);
    admission.leave();
    expect([older.answer, gone.answer]).toEqual(["in", undefined]);
  });

  it("refuses all that wait when it is told to", () => {
    const admission = createAdmission();
    ask(admission);
    const waiting = [ask(admission), ask(admission)];
    admission.refuseAll();
    expect(waiting.map(({ answer }) => answer)).toEqual(["draining", "draining"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses whose time is over already", () => {
    expect(ask(createAdmission(), { deadline: Date.now() }).answer).toBe("deadline_too_short");
  });

  it("refuses what will not be done in time, if it is busy, but for one in ten", () => {
    const admission = createAdmission({ maxRunning: 1_000 });
    const hopeless = { deadline: Date.now() + 50, typicalMs: 100 };
    expect(ask(admission, hopeless).answer).toBe("in");
    for (let running = 1; running < 500; running += 1) {
      ask(admission);
    }
    const answers = Array.from({ length: 20 }, () => ask(admission, hopeless).answer);
    expect(answers.filter((answer) => answer === "in")).toHaveLength(2);
    expect(answers.filter((answer) => answer === "deadline_too_short")).toHaveLength(18);
    expect(ask(admission, { ...hopeless, typicalMs: 40 }).answer).toBe("in");
  });

  it("never runs more than it may, never keeps more than it may, and answers everyone once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("enter", "leave", "withdraw", "wait"), { maxLength: 60 }),
        (steps) => {
          const admission = createAdmission({ maxRunning: 3, maxQueued: 4 });
          const all: Asked[] = [];
          const withdrawn = new Set<Asked>();
          let left = 0;
          const isIn = () => all.filter(({ answer }) => answer === "in").length - left;
          for (const step of steps) {
            if (step === "enter") {
              all.push(ask(admission));
            } else if (step === "leave" && isIn() > 0) {
              left += 1;
              admission.leave();
            } else if (step === "withdraw") {
              const waiting = all.find(
                (asked) => asked.answer === undefined && !withdrawn.has(asked),
              );
              if (waiting !== undefined) {
                withdrawn.add(waiting);
                admission.withdraw(waiting);
              }
            } else if (step === "wait") {
              vi.advanceTimersByTime(400);
            }
            expect(admission.running).toBe(isIn());
            expect(admission.running).toBeLessThanOrEqual(3);
            expect(admission.queued).toBeLessThanOrEqual(4);
          }
          vi.advanceTimersByTime(3_000);
          const unanswered = all.filter(({ answer }) => answer === undefined);
          expect(unanswered).toEqual([...withdrawn]);
        },
      ),
    );
  });
});
