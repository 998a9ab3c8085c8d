import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { databaseUnavailable } from "./errors.ts";

// The default of SQLite.
const PAGES_PER_CHECKPOINT = 1_000;

/** From how many turns on a transaction is so large that its checkpoint would hold the event loop for long. */
const LARGE_TURNS = 20;

// As text, since a worker's file has another name in the sources than in the build.
const checkpointScript = `
  const { DatabaseSync } = require("node:sqlite");
  const { workerData } = require("node:worker_threads");
  const connection = new DatabaseSync(workerData);
  connection.exec("PRAGMA wal_checkpoint(PASSIVE)");
  connection.close();
`;

/**
 * The log that commits are written to, and that a checkpoint copies into the database. What the disk is
 * slow at is done in other threads as far as it can be: https://sqlite.org/wal.html
 */
export interface WriteAheadLog {
  /** Settles once the disk has all that was committed before. */
  sync(): Promise<void>;
  /** Keeps the commit of a large transaction from making the checkpoint. */
  beforeCommit(turns: number): void;
  /** Has a thread make that checkpoint. */
  afterCommit(): void;
  /** Waits for the threads. */
  close(): Promise<void>;
}

/** The log of the database at `path`, which `writer` is a connection to. */
export function createWriteAheadLog(path: string, writer: DatabaseSync): WriteAheadLog {
  let file: FileHandle | undefined;
  let lastSync: Promise<void> = Promise.resolve();
  let nextSync: Promise<void> | undefined;
  let isLarge = false;
  let checkpoint: Promise<void> | undefined;

  const syncFile = async (): Promise<void> => {
    try {
      // SQLite holds no locks on this file. To open and close that of the database would drop those
      // there: https://sqlite.org/howtocorrupt.html section 2.2
      file ??= await open(`${path}-wal`, "r+");
      await file.datasync();
    } catch (error) {
      throw databaseUnavailable("the disk may not have kept what was written", error);
    }
  };
  const startNextSync = async (): Promise<void> => {
    await lastSync;
    // What is committed from here on waits for another.
    nextSync = undefined;
    const sync = syncFile();
    lastSync = sync.catch(() => undefined);
    await sync;
  };

  const setPagesPerCheckpoint = (pages: number): void => {
    writer.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  };
  const makeCheckpoint = async (): Promise<void> => {
    await runCheckpointThread(path);
    checkpoint = undefined;
    if (writer.isOpen) {
      setPagesPerCheckpoint(PAGES_PER_CHECKPOINT);
    }
  };

  return {
    sync() {
      nextSync ??= startNextSync();
      return nextSync;
    },
    beforeCommit(turns) {
      isLarge = turns >= LARGE_TURNS;
      if (isLarge) {
        setPagesPerCheckpoint(0);
      }
    },
    afterCommit() {
      if (isLarge) {
        isLarge = false;
        checkpoint ??= makeCheckpoint();
      }
    },
    async close() {
      await Promise.all([checkpoint, nextSync ?? lastSync].map((it) => it?.catch(() => undefined)));
      await file?.close();
    },
  };
}

async function runCheckpointThread(path: string): Promise<void> {
  // Node.js 22 warns of its SQLite in each thread.
  const execArgv = ["--disable-warning=ExperimentalWarning"];
  try {
    await once(new Worker(checkpointScript, { eval: true, workerData: path, execArgv }), "exit");
  } catch {
    // Nothing depends on it: the next checkpoint copies what this one has not.
  }
}
