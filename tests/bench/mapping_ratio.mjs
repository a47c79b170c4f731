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

const ours = new Map(JSON.parse(execFileSync(bench, ['--benchmark_filter=^whole/', '--benchmark_min_time=0.2', '--benchmark_format=json'], { stdio: ['ignore', 'pipe', 'ignore'] }))
  .benchmarks.map((made) => [made.name, made.cpu_time]));

/** Nanoseconds of this process's own time, all threads, so that a busy machine is no slower. */
const used = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

/** Nanoseconds of the best of five rounds. */
async function referenceTime(expr) {
  const compiled = jsonata(expr);
  let best = Infinity;
  for (let round = 0; round < 5; ++round) {
    const start = used();
    let count = 0;
    do {
      for (let i = 0; i < 50; ++i, ++count) JSON.stringify(await compiled.evaluate(JSON.parse(order)));
    } while (used() - start < 150_000_000);
    best = Math.min(best, (used() - start) / count);
  }
  return best;
}

const ratios = [];
console.log(`${'expression'.padEnd(22)} ${'npm ns'.padStart(9)} ${'ours ns'.padStart(9)}   ratio`);
for (const { name, expr } of cases) {
  const theirs = await referenceTime(expr);
  const mine = ours.get('whole/' + name);
  ratios.push(theirs / mine);
  console.log(`${name.padEnd(22)} ${theirs.toFixed(0).padStart(9)} ${mine.toFixed(0).padStart(9)} ${(theirs / mine).toFixed(1).padStart(7)}`);
}
ratios.sort((a, b) => a - b);
console.log(`median ratio ${ratios[Math.floor(ratios.length / 2)].toFixed(1)}, least ${ratios[0].toFixed(1)}`);
