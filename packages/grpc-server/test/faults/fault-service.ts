import type { MethodDefinition } from "@grpc/grpc-js";
import { Tree } from "@grpc-kit/testing/fixtures";

const serialize = (tree: Tree): Buffer => Buffer.from(Tree.encode(tree).finish());
const deserialize = (bytes: Buffer): Tree => Tree.decode(bytes);

/** A service whose message holds itself, maps and all else that a message may hold. */
export const treeService: { readonly grow: MethodDefinition<Tree, Tree> } = {
  grow: {
    path: "/fixtures.TreeService/Grow",
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  },
};

export type Method = "unary" | "serverStream" | "clientStream" | "bidi" | "grow";

export const paths: Readonly<Record<Method, string>> = {
  unary: "/fixtures.FixtureService/Unary",
  serverStream: "/fixtures.FixtureService/ServerStream",
  clientStream: "/fixtures.FixtureService/ClientStream",
  bidi: "/fixtures.FixtureService/Bidi",
  grow: treeService.grow.path,
};
