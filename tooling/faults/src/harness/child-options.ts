const condition = "--conditions=@grpc-kit/source";

/** What a process of the suite is started with, so that it takes the packages from where this one does. */
export const sourceCondition: readonly string[] = process.execArgv.includes(condition)
  ? [condition]
  : [];
