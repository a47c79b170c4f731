// The reference's half of the differential run, in a worker thread: it can hang or run out of memory.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { mends } from './mends.mjs';

const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(workerData.now);
    else super(...given);
  }
};
const jsonata = createRequire(workerData.reference + '/package.json')(workerData.reference);
const source = readFileSync(workerData.reference + '/jsonata.js', 'utf8');

/** Engines by name: the reference itself, and mended copies of it, made when they are first asked for. */
const engines = new Map([['', jsonata]]);

function engineOf(name) {
  if (!engines.has(name)) {
    let text = source;
    for (const mend of mends) {
      if (name !== 'all' && name !== mend.name) continue;
      for (const [from, to] of mend.changes) {
        if (!text.includes(from)) throw new Error(`differential: the reference has changed; look at the mend ${mend.name}`);
        text = text.replace(from, () => to);
      }
    }
    const module = { exports: {} };
    new Function('module', 'exports', 'require', text)(module, module.exports, createRequire(import.meta.url));
    engines.set(name, module.exports);
  }
  return engines.get(name);
}

/** What a result looks like from outside; functions are nothing there. */
function plain(value) {
  if (typeof value === 'function' || value?._jsonata_lambda || value?._jsonata_function) return undefined;
  if (Array.isArray(value)) return Array.from(value, (item) => plain(item) ?? null);
  if (value === null || typeof value !== 'object') return typeof value === 'number' && !Number.isFinite(value) ? null : value;
  const out = {};
  for (const [name, member] of Object.entries(value)) {
    const shown = plain(member);
    if (shown !== undefined) Object.defineProperty(out, name, { value: shown, enumerable: true, configurable: true });
  }
  return out;
}

function failed(error, parse) {
  const answer = { error: error.code ?? 'crash', position: error.position, text: String(error.message ?? error) };
  if (parse) answer.parse = true;
  if (error.code === undefined) answer.crash = true;
  return answer;
}

async function answered(engine, expr, doc) {
  let compiled;
  try {
    compiled = engine(expr, { stack: 480, timeout: 5000 });
  } catch (error) {
    return failed(error, true);
  }
  try {
    const value = await compiled.evaluate(JSON.parse(doc));
    if (value === undefined) return { missing: true };
    const shown = plain(value);
    return shown === undefined ? { function: true } : { value: shown };
  } catch (error) {
    return failed(error, false);
  }
}

parentPort.on('message', async ({ pairs, engine }) => {
  for (const { expr, doc } of pairs) parentPort.postMessage(JSON.stringify(await answered(engineOf(engine), expr, doc)));
});
