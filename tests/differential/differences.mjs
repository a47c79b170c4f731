// Where we differ from npm `jsonata` on purpose or by nature, each with its reason; docs/decisions/0005 tells
// them to people.
export const HANGS = 'the reference does not end or takes more than 1 GiB; ours answers';

const differences = [
  {
    reason: 'the reference itself falls over (an error of JavaScript without a code)',
    holds: ({ reference }) => reference.crash === true,
  },
  {
    reason: 'an unknown component of a time picture is D3132 always; the reference writes "undefined" for a digit',
    holds: ({ ours }) => ours.error === 'D3132',
  },
  {
    reason: '$formatNumber of 1e21 and above writes all digits; the reference cuts up the text of its exponent',
    holds: ({ expr, reference, differs }) => differs === 'value' && expr.includes('$formatNumber') && /\de\+\d|e,\+/.test(JSON.stringify(reference)),
  },
  {
    reason: 'the reference falls over inside $eval (an error of JavaScript)',
    holds: ({ reference }) => reference.error === 'D3121' && /is not a function|is not iterable|Cannot read|Cannot convert/.test(reference.text),
  },
  {
    reason: '$split checks its separator even when nothing is wanted (limit 0)',
    holds: ({ ours }) => ours.error === 'T0410' && ours.text.startsWith('argument 2 of $split'),
  },
  {
    reason: 'a regular expression applied to what is no string is T0410; the reference matches its text ("undefined")',
    holds: ({ ours }) => ours.error === 'T0410' && ours.text.startsWith('a regular expression takes a string'),
  },
  {
    reason: '$random is seeded by the event',
    holds: ({ expr, differs }) => differs === 'value' && expr.includes('$random()'),
  },
  {
    reason: 'members keep the order of the document; JavaScript puts names that are whole numbers first',
    holds: ({ ours, reference, differs }) => differs === 'order' || (differs === 'value' && /"\d+\\?":/.test(JSON.stringify(ours)) && unordered(ours) === unordered(reference)),
  },
  {
    reason: 'pictures of NaN and Infinity are D1001; the reference writes the words',
    holds: ({ expr, ours }) => ours.error === 'D1001' && /out of range$/.test(ours.text) && /\$(format|fromMillis)/.test(expr),
  },
  {
    reason: 'position of an error inside a function: ours is the inner call, the reference names the one that ran it',
    holds: ({ expr, ours, differs }) => differs === 'position' && !ours.parse && /function|λ|\$eval|\?|~>/.test(expr),
  },
];

/** As text, with neither members nor elements in an order, also inside a string that is JSON. */
function unordered(value) {
  if (typeof value === 'string' && /^[[{]/.test(value)) {
    try {
      return `"${unordered(JSON.parse(value))}"`;
    } catch {
      return JSON.stringify(value);
    }
  }
  if (Array.isArray(value)) return `[${value.map(unordered).sort()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${name}:${unordered(value[name])}`)}}`;
}

/** The reason for a difference; undefined if there is none. */
export function explain(pair) {
  return differences.find((difference) => difference.holds(pair))?.reason;
}
