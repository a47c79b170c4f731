// The same expressions on the same document, parsed, evaluated and serialised, by npm `jsonata` and by us in one
// run: node mapping_ratio.mjs BENCH_BINARY REFERENCE_FOLDER
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [bench, reference] = process.argv.slice(2);
const jsonata = createRequire(reference + '/package.json')(reference);
const here = new URL('.', import.meta.url);
const order = readFileSync(new URL('order.json', here), 'utf8');
const cases = JSON.parse(readFileSync(new URL('mappings.json', here), 'utf8'));
const ROUNDS = 5;

/** Nanoseconds of this process's own time, all threads, so that a busy machine is no slower. */
const used = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

/** Ours: processor time of one evaluation. */
function ourTime(name) {
  const filter = '^whole/' + name + '$';
  const told = execFileSync(bench, ['--benchmark_filter=' + filter, '--benchmark_min_time=0.05', '--benchmark_format=json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(told).benchmarks[0].cpu_time;
}

async function theirTime(compiled) {
  const start = used();
  let count = 0;
  do {
    for (let i = 0; i < 50; ++i, ++count) JSON.stringify(await compiled.evaluate(JSON.parse(order)));
  } while (used() - start < 100_000_000);
  return (used() - start) / count;
}

const ratios = [];
console.log(`${'expression'.padEnd(22)} ${'npm ns'.padStart(9)} ${'ours ns'.padStart(9)}   ratio   (best of ${ROUNDS} rounds each, in turn)`);
for (const { name, expr } of cases) {
  const compiled = jsonata(expr);
  await theirTime(compiled);  // for its compiler
  let theirs = Infinity;
  let ours = Infinity;
  for (let round = 0; round < ROUNDS; ++round) {
    theirs = Math.min(theirs, await theirTime(compiled));
    ours = Math.min(ours, ourTime(name));
  }
  ratios.push(theirs / ours);
  console.log(`${name.padEnd(22)} ${theirs.toFixed(0).padStart(9)} ${ours.toFixed(0).padStart(9)} ${(theirs / ours).toFixed(1).padStart(7)}`);
}
ratios.sort((a, b) => a - b);
console.log(`median ratio ${ratios[Math.floor(ratios.length / 2)].toFixed(1)}, least ${ratios[0].toFixed(1)}, most ${ratios.at(-1).toFixed(1)}`);
