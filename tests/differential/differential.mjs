// Runs pairs of an expression and a document through npm `jsonata` and through our evaluator, and compares
// values exactly and errors by code and position. Started by run.sh.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { explain, HANGS } from './differences.mjs';
import { Generator, Random } from './generator.mjs';
import { mends } from './mends.mjs';

const { values: options } = parseArgs({
  options: {
    bin: { type: 'string' }, reference: { type: 'string' }, pairs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' }, show: { type: 'string', default: '3' }, break: { type: 'boolean', default: false },
  },
});
const NOW = 1_709_209_805_250;
const PATIENCE = 4_000;  // milliseconds for one answer of the reference

/** The reference in its worker: answers come in order; one that hangs or dies is a null, and a new worker goes on. */
class Reference {
  start() {
    this.worker = new Worker(new URL('./reference.mjs', import.meta.url), {
      workerData: { reference: options.reference, now: NOW }, resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    this.worker.on('message', (text) => this.settle(JSON.parse(text)));
    this.worker.on('error', (error) => {
      if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
      this.abandon();
    });
  }
  settle(answer) {
    this.answers.push(answer);
    this.patience();
    if (this.answers.length === this.pairs.length) {
      clearTimeout(this.timer);
      this.done(this.answers);
    }
  }
  patience() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.abandon(), PATIENCE);
  }
  async abandon() {
    this.worker.removeAllListeners();
    await this.worker.terminate();
    this.start();
    this.settle(null);
    if (this.answers.length < this.pairs.length) this.worker.postMessage({ pairs: this.pairs.slice(this.answers.length), engine: this.engine });
  }
  answer(pairs, engine) {
    if (this.worker === undefined) this.start();
    Object.assign(this, { pairs, engine, answers: [] });
    return new Promise((done) => {
      this.done = done;
      this.patience();
      this.worker.postMessage({ pairs, engine });
    });
  }
}

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.keys(value).sort().map((name) => [name, sorted(value[name])]);
};

/** The reference points to the end of the text for what is not closed, we to where it begins. */
const UNENDED = new Set(['S0101', 'S0105', 'S0106', 'S0302']);

/** Empty if they agree; else what differs. */
function difference(ours, reference, expr) {
  if ((ours.error ?? '') !== (reference.error ?? '')) return 'code';
  if (ours.error !== undefined) {
    if (ours.error === 'T1005') return '';  // ours points to the name, the reference to its parenthesis
    // The reference's position is the end of the token; ours spans it. It gives none for some errors.
    if (reference.position === undefined || UNENDED.has(ours.error)) return '';
    const at = Buffer.byteLength(expr.slice(0, reference.position));
    return at >= ours.from && at <= Math.max(ours.to, ours.from + 1) ? '' : 'position';
  }
  if (JSON.stringify(ours) === JSON.stringify(reference)) return '';
  return JSON.stringify(sorted(ours)) === JSON.stringify(sorted(reference)) ? 'order' : 'value';
}

const child = spawn(options.bin, [String(NOW)], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
child.on('exit', (code, signal) => {
  if (code === 0) return;
  console.error(`differential: our evaluator ended with ${signal ?? code}`);
  process.exit(1);
});

const generator = new Generator(new Random(Number(options.seed)));
const reference = new Reference();
const total = Number(options.pairs);
const counts = { same: 0, errors: 0, missing: 0, explained: 0, unexplained: 0 };
const reasons = new Map();
const kinds = new Map();
const count = (map, key) => map.set(key, (map.get(key) ?? 0) + 1).get(key);

/** Why they differ: a mend of the reference with which they agree, or a named difference; undefined if neither. */
async function reasonOf(pair, ours, theirs, differs) {
  if (theirs === null) return HANGS;
  const named = explain({ ...pair, ours, reference: theirs, differs });
  if (named !== undefined) return named;
  for (const mend of mends) {
    const [answer] = await reference.answer([pair], mend.name);
    if (answer === null) continue;
    const still = difference(ours, answer, pair.expr);
    if (still === '' || (still === 'position' && explain({ ...pair, ours, reference: answer, differs: still }))) return mend.reason;
  }
  const [answer] = await reference.answer([pair], 'all');
  if (answer === null) return HANGS;
  const still = difference(ours, answer, pair.expr);
  return still === '' ? 'several of these at once' : explain({ ...pair, ours, reference: answer, differs: still });
}

function show(pair, ours, theirs, differs) {
  const kind = `${differs}: ours ${ours.error ?? Object.keys(ours)[0]}, reference ${theirs.error ?? Object.keys(theirs)[0]}`;
  if (count(kinds, kind) > Number(options.show)) return;
  console.log(`differs in ${kind}:\n  expr ${pair.expr}\n  doc  ${pair.doc}\n  ours ${JSON.stringify(ours).slice(0, 400)}\n  ref  ${JSON.stringify(theirs).slice(0, 400)}`);
}

for (let done = 0; done < total;) {
  const pairs = [];
  for (; pairs.length < 200 && done < total; ++done) pairs.push({ expr: generator.expression(), doc: JSON.stringify(generator.document()) });
  if (options.break && done === pairs.length) pairs[0].expr = '1 + 1';
  child.stdin.write(pairs.map((pair) => `{"expr":${JSON.stringify(pair.expr)},"doc":${pair.doc}}\n`).join(''));
  const answers = await reference.answer(pairs, '');
  for (const [i, pair] of pairs.entries()) {
    const ours = JSON.parse((await lines.next()).value);
    if (options.break && done === pairs.length && i === 0) ours.value = 3;  // this command's positive control
    const theirs = answers[i];
    const differs = theirs === null ? 'hang' : difference(ours, theirs, pair.expr);
    if (differs === '') {
      ++counts.same;
      if (ours.error !== undefined) ++counts.errors;
      if (ours.missing) ++counts.missing;
      continue;
    }
    const reason = await reasonOf(pair, ours, theirs, differs);
    if (reason !== undefined) {
      ++counts.explained;
      count(reasons, reason);
    } else {
      ++counts.unexplained;
      show(pair, ours, theirs, differs);
    }
  }
}
child.stdin.end();
console.log(`differential: ${total} pairs of seed ${options.seed}: ${counts.same} the same (${counts.errors} errors, ${counts.missing} missing), ` +
  `${counts.explained} explained, ${counts.unexplained} unexplained`);
const report = (map, word) => [...map].sort((a, b) => b[1] - a[1]).forEach(([text, n]) => console.log(`  ${String(n).padStart(6)}  ${word}${text}`));
report(reasons, '');
report(kinds, 'unexplained ');
clearTimeout(reference.timer);
await reference.worker.terminate();
process.exitCode = counts.unexplained > 0 ? 1 : 0;
