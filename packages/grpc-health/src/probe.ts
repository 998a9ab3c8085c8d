#!/usr/bin/env node
import { runProbe } from "./run-probe.ts";

process.exitCode = await runProbe(process.argv.slice(2));
