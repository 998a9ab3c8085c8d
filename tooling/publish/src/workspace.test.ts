import { expect, it } from "vitest";
import { importedPackages } from "./workspace.ts";

it("finds what a program imports", () => {
  const code = `import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import {
  Item,
  type ItemServer,
} from "@grpc-kit/generated-protos/examples/items";
import * as z from "zod/v4";
const text = "import";
`;
  expect(importedPackages(code)).toEqual(["@grpc-kit/generated-protos", "@grpc/grpc-js", "zod"]);
});
