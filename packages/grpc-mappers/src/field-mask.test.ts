import {
  type Choice,
  type Optionals,
  type Tree,
  Tree as TreeMessage,
} from "@grpc-kit/testing/fixtures";
import { describe, expect, it } from "vitest";
import { thrownBy, violationsIn } from "../test/thrown-by.ts";
import { createFieldMask } from "./index.ts";

interface Author {
  familyName: string;
  books: bigint;
  verifiedAt: { seconds: bigint; nanos: number } | undefined;
  nickname?: string | undefined;
}

interface Book {
  title: string;
  pages: number;
  isbn?: string | undefined;
  tags: string[];
  labels: Map<string, string>;
  cover: Buffer;
  author: Author | undefined;
  createdAt: { seconds: bigint; nanos: number } | undefined;
}

const books = createFieldMask<Book>()({
  title: true,
  pages: true,
  isbn: "optional",
  tags: true,
  labels: true,
  cover: true,
  author: {
    familyName: true,
    books: true,
    verifiedAt: "output-only",
    nickname: "optional",
  },
  createdAt: "output-only",
});

const now = { seconds: 1n, nanos: 0 };

const current: Book = {
  title: "Emma",
  pages: 474,
  isbn: "1",
  tags: ["novel"],
  labels: new Map([["a", "b"]]),
  cover: Buffer.from("c"),
  author: { familyName: "Austen", books: 6n, verifiedAt: now, nickname: "J" },
  createdAt: now,
};

const blank: Book = {
  title: "",
  pages: 0,
  tags: [],
  labels: new Map(),
  cover: Buffer.alloc(0),
  author: undefined,
  createdAt: undefined,
};

function apply(mask: readonly string[], update: Partial<Book>, from: Book = current): Book {
  return books.apply({ mask, current: from, update: { ...blank, ...update } });
}

const later = { seconds: 2n, nanos: 0 };
const author: Author = { familyName: "Brontë", books: 0n, verifiedAt: later };

describe("an empty mask", () => {
  it("changes what is populated, in nested messages too", () => {
    expect(apply([], { title: "Persuasion", author })).toEqual({
      ...current,
      title: "Persuasion",
      author: { ...current.author, familyName: "Brontë" },
    });
    expect(apply([], {})).toEqual(current);
  });

  it("counts a default as populated only if the field may be absent", () => {
    expect(apply([], { pages: 0, isbn: "", tags: [] })).toEqual({ ...current, isbn: "" });
    expect(apply([], { pages: Number.NaN }).pages).toBeNaN();
  });

  it("creates a nested message that is present but empty", () => {
    const empty: Author = { familyName: "", books: 0n, verifiedAt: undefined };
    const made = apply([], { author: empty }, { ...current, author: undefined });
    expect(made.author).toEqual({ ...empty, nickname: undefined });
  });
});

describe("a mask of *", () => {
  it("replaces everything but what is output-only", () => {
    const update = { title: "Villette", author, createdAt: later };
    expect(apply(["*"], update)).toEqual({
      ...blank,
      title: "Villette",
      author: { familyName: "Brontë", books: 0n, verifiedAt: now },
      createdAt: now,
    });
  });

  it("keeps what is output-only of a message that the update leaves out", () => {
    expect(apply(["*"], {}).author).toEqual({ familyName: "", books: 0n, verifiedAt: now });
    const unverified = { ...current, author: { ...author, verifiedAt: undefined } };
    expect(apply(["*"], {}, unverified).author).toBeUndefined();
  });
});

describe("a mask of paths", () => {
  it("changes only the named fields, to defaults too", () => {
    expect(apply(["pages", "isbn", "tags"], { title: "ignored" })).toEqual({
      ...current,
      pages: 0,
      isbn: undefined,
      tags: [],
    });
  });

  it("has the names of the proto, digits and all", () => {
    const lines = createFieldMask<{ line2: string; fInt32: number }>()({
      line2: true,
      fInt32: true,
    });
    const update = { line2: "b", fInt32: 2 };
    const from = { line2: "a", fInt32: 1 };
    expect(lines.apply({ mask: ["line_2", "f_int32"], current: from, update })).toEqual(update);
    for (const path of ["fInt32", "line__2", "line2_", "_line2"]) {
      expect(violationsIn(() => lines.apply({ mask: [path], current: from, update }))).toHaveLength(
        1,
      );
    }
  });

  it("changes a field in a nested message", () => {
    expect(apply(["author.family_name"], { author })).toEqual({
      ...current,
      author: { ...current.author, familyName: "Brontë" },
    });
  });

  it("resets a field in a nested message that the update leaves out", () => {
    expect(apply(["author.family_name", "author.nickname"], {}).author).toEqual({
      ...current.author,
      familyName: "",
      nickname: undefined,
    });
  });

  it("creates a nested message that is absent, with only the named field set", () => {
    const from = { ...current, author: undefined };
    const update = { author: { ...author, books: 3n, nickname: "C" } };
    expect(apply(["author.family_name"], update, from).author).toEqual({
      familyName: "Brontë",
      books: 0n,
      verifiedAt: undefined,
      nickname: undefined,
    });
    expect(apply(["author.family_name"], {}, from).author).toBeUndefined();
  });

  it("replaces all of a named message but what is output-only", () => {
    expect(apply(["author"], { author })).toEqual({
      ...current,
      author: { familyName: "Brontë", books: 0n, verifiedAt: now },
    });
  });

  it.each([
    ["author", "author.books"],
    ["author.books", "author"],
  ])("lets a message win over a field in it: %s, %s", (...mask) => {
    expect(apply(mask, { author })).toEqual(apply(["author"], { author }));
  });

  it("ignores what is output-only", () => {
    const update = { createdAt: later, author: { ...author, verifiedAt: later } };
    for (const path of ["created_at", "created_at.seconds", "author.verified_at"]) {
      expect(apply([path], update)).toEqual(current);
    }
  });

  it.each([
    ["colour", 'must name fields of the message, got "colour"'],
    ["", 'must name fields of the message, got ""'],
    ["createdAt", 'must name fields of the message, got "createdAt"'],
    ["__proto__", 'must name fields of the message, got "__proto__"'],
    ["author.", 'must name fields of the message, got "author."'],
    ["author.colour", 'must name fields of the message, got "author.colour"'],
    ["author.*", 'must name fields of the message, got "author.*"'],
    ["tags.0", 'must name tags as a whole, got "tags.0"'],
    ["labels.a", 'must name labels as a whole, got "labels.a"'],
    ["*", 'must name "*" alone, or fields, got "*"'],
    ["x".repeat(1_000), `must name fields of the message, got "${"x".repeat(80)}…"`],
  ])("refuses the path %s", (path, description) => {
    expect(violationsIn(() => apply(["title", path], {}))).toEqual([["update_mask", description]]);
  });

  it.each(["title", "*"])("refuses * before %s", (path) => {
    expect(violationsIn(() => apply(["*", path], {}))).toHaveLength(1);
  });

  it("ends at once for a path of a million names", () => {
    expect(thrownBy(() => apply(["author.".repeat(1_000_000)], {}))).toBeDefined();
  });
});

describe("a oneof", () => {
  const choices = createFieldMask<Choice>()({
    value: {
      $case: {
        text: true,
        number: true,
        data: true,
        colour: true,
        flag: true,
        scalars: true,
      },
    },
    other: { $case: { weight: true, at: { seconds: true, nanos: true } } },
  });
  const none: Choice = { value: undefined, other: undefined };
  const text: Choice = { ...none, value: { $case: "text", value: "a" } };
  const flag: Choice = { ...none, value: { $case: "flag", value: false } };

  it("is named by its fields", () => {
    expect(choices.apply({ mask: ["flag"], current: text, update: flag })).toEqual(flag);
    expect(choices.apply({ mask: ["text"], current: text, update: flag })).toEqual(none);
    expect(choices.apply({ mask: ["number"], current: text, update: flag })).toEqual(text);
    expect(choices.apply({ mask: [], current: text, update: flag })).toEqual(flag);
    expect(choices.apply({ mask: [], current: text, update: none })).toEqual(text);
    expect(choices.apply({ mask: ["*"], current: text, update: none })).toEqual(none);
    expect(
      violationsIn(() => choices.apply({ mask: ["value"], current: text, update: flag })),
    ).toHaveLength(1);
  });

  it("has fields in its messages", () => {
    const at: Choice = { ...none, other: { $case: "at", value: { seconds: 1n, nanos: 1 } } };
    const update: Choice = { ...none, other: { $case: "at", value: { seconds: 2n, nanos: 2 } } };
    expect(choices.apply({ mask: ["at.nanos"], current: at, update }).other).toEqual({
      $case: "at",
      value: { seconds: 1n, nanos: 2 },
    });
    expect(choices.apply({ mask: ["at.nanos"], current: text, update })).toEqual({
      ...text,
      other: { $case: "at", value: { seconds: 0n, nanos: 2 } },
    });
  });

  it("goes with all that is in it when another case takes its place, or none", () => {
    interface Job {
      state:
        | { $case: "done"; value: { at: number } }
        | { $case: "note"; value: string }
        | undefined;
    }
    const jobs = createFieldMask<{ job: Job | undefined }>()({
      job: { state: { $case: { done: { at: "output-only" }, note: true } } },
    });
    const current = { job: { state: { $case: "done" as const, value: { at: 1 } } } };
    const note = { job: { state: { $case: "note" as const, value: "n" } } };
    expect(jobs.apply({ mask: ["job"], current, update: note })).toEqual(note);
    expect(jobs.apply({ mask: ["job"], current, update: { job: undefined } }).job).toBeUndefined();
  });

  it("can be output-only", () => {
    const results = createFieldMask<Pick<Choice, "other">>()({
      other: { $case: { weight: true, at: true }, outputOnly: true },
    });
    const before: Choice = { ...none, other: { $case: "weight", value: 1 } };
    const update: Choice = { ...none, other: { $case: "at", value: now } };
    for (const mask of [[], ["*"], ["at"], ["weight"]]) {
      expect(results.apply({ mask, current: { other: before.other }, update })).toEqual({
        other: before.other,
      });
    }
  });
});

it("takes generated messages of every kind", () => {
  type Part = Pick<Tree, "name" | "height" | "namedLeaves"> & Pick<Optionals, "fInt32">;
  const trees = createFieldMask<Part>()({
    name: true,
    height: "optional",
    namedLeaves: true,
    fInt32: "optional-output-only",
  });
  const tree: Part = { ...TreeMessage.fromPartial({ name: "oak", height: 1n }), fInt32: 1 };
  const update: Part = { ...TreeMessage.fromPartial({ height: 0n }), fInt32: 2 };
  expect(trees.apply({ mask: [], current: tree, update })).toEqual({ ...tree, height: 0n });
});
