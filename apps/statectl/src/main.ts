#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// What was compiled once need not be compiled again; where the cache cannot be written, nothing is lost.
enableCompileCache();

const { main } = await import('./cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
