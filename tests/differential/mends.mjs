// Faults of the reference that we do not copy, each as a change to its source: with a mend (or with all of
// them) the reference must answer as we do, else the difference stays unexplained. A mend that no longer fits
// the source stops the run.
export const mends = [
  {
    name: 'order',
    reason: 'of several errors in [] or {} ours is the first by place; the reference starts all parts at once, names that are whole numbers first',
    changes: [
      ['var jsonata = (function() {', 'async function inOrder(list, f) { const out = []; for (let i = 0; i < list.length; ++i) out.push(await f(list[i], i)); return out; }\nvar jsonata = (function() {'],
      ['Promise.all(expr.expressions\n                    .map(', 'inOrder(expr.expressions, ('],
      ['var groups = Object.create(null);', 'var groups = Object.create(null), places = [];'],
      ['groups[key] = entry;', 'groups[key] = entry; places.push(key);'],
      ['Promise.all(utils.keys(groups).map(', 'inOrder(places, ('],
    ],
  },
  {
    name: 'filter',
    reason: 'a predicate on nothing gives nothing; the reference gives a list of undefined',
    changes: [['if (!Array.isArray(input)) {\n            input = environment.base.createSequence(input);\n        }\n        if (predicate.type', 'if (typeof input === "undefined") { await evaluate(predicate, input, environment); return undefined; }\n        if (!Array.isArray(input)) {\n            input = environment.base.createSequence(input);\n        }\n        if (predicate.type']],
  },
  {
    name: 'regex',
    reason: 'a regular expression applied to what is no string is T0410; the reference matches its text ("undefined")',
    changes: [['re.lastIndex = fromIndex || 0;', 'if (typeof str !== "string") throw { code: "T0410" };\nre.lastIndex = fromIndex || 0;']],
  },
  {
    name: 'characters',
    reason: '`.` and classes of a regular expression take a whole character; the reference takes halves of those beyond U+FFFF',
    changes: [["flags = path.substring(start, position) + 'g';", "flags = path.substring(start, position) + 'gu';"]],
  },
  {
    name: 'copy',
    reason: '`?:` and `??` behind a regular expression see its match; the reference loses the expression in a copy by JSON',
    changes: [
      ['JSON.parse(JSON.stringify(left))', 'structuredClone(left)'],
      ['JSON.parse(JSON.stringify(left))', 'structuredClone(left)'],
    ],
  },
  {
    name: 'regex in $map',
    reason: 'a regular expression given to $map searches from the start; the reference from the item\'s position in the list',
    changes: [
      ['var closure = function(str, fromIndex) {', 'var closure = function(str) { return search(str, 0); };\nvar search = function(str, fromIndex) {'],
      ['var next = closure(str, re.lastIndex);', 'var next = search(str, re.lastIndex);'],
    ],
  },
  {
    name: 'replace',
    reason: '$replace of a string by a function is D3012; the reference inserts the function\'s source',
    changes: [['result += replacement;', 'if (typeof replacement !== "string") throw { code: "D3012" }; result += replacement;']],
  },
  {
    name: 'partial',
    reason: 'a partially applied function still checks its arguments; the reference\'s does not',
    changes: [
      ['result = partialApplyNativeFunction(proc.implementation, evaluatedArgs, environment);', 'proc.implementation.checks = proc.signature; result = partialApplyNativeFunction(proc.implementation, evaluatedArgs, environment);'],
      ['var result = proc.apply(focus, args);', 'if (proc.checks) args = proc.checks.validate(args, null); var result = proc.apply(focus, args);'],
    ],
  },
  {
    name: 'groups',
    reason: 'each key of a grouping over bound variables sees the context; in the reference only the first does',
    changes: [["delete tuple['@'];", "tuple = Object.assign(Object.create(null), tuple); delete tuple['@'];"]],
  },
  {
    name: 'separators',
    reason: '$formatInteger with irregular groups and few digits keeps all digits; the reference loses some',
    changes: [['const pos = formattedInteger.length - separator.position;', 'const pos = formattedInteger.length - separator.position; if (pos <= 0) return;']],
  },
  {
    name: 'groups of digits',
    reason: '$formatNumber with irregular groups and few digits; the reference counts from the wrong end',
    changes: [['pic.integerPartGroupingPositions.forEach(function (pos) {', 'pic.integerPartGroupingPositions.forEach(function (pos) { if (pos >= decimalPos) return;']],
  },
  {
    name: 'fraction',
    reason: '$formatNumber groups only decimals that are there; the reference appends separators',
    changes: [['pic.fractionalPartGroupingPositions.forEach(function (pos) {', 'pic.fractionalPartGroupingPositions.forEach(function (pos) { if (pos + decimalPos + 1 >= stringValue.length) return;']],
  },
  {
    name: 'tail',
    reason: 'a grouping behind a call in tail position is applied; the reference drops it',
    changes: [["if (expr.type === 'function' && !expr.predicate", "if (expr.type === 'function' && !expr.group && !expr.predicate"]],
  },
  {
    name: 'empty',
    reason: 'an object built on an empty list leaves the list as it was; the reference puts an undefined into it',
    changes: [['input.push(undefined);', 'input = focus.createSequence(undefined);']],
  },
  {
    name: 'itself',
    reason: 'an update that puts an object into itself puts in what it was; the reference makes a cycle',
    changes: [
      ['for(const prop of utils.keys(update)) {', 'const was = Object.assign({}, match);\nfor(const prop of utils.keys(update)) {'],
      ['match[prop] = update[prop];', 'match[prop] = update[prop] === match ? was : update[prop];'],
    ],
  },
  {
    name: 'position',
    reason: 'an error below `and` or `or` keeps its own position; the reference names the operator',
    changes: [['return await evaluateBooleanExpression(lhs, evalrhs, op);\n            } catch(err) {\n                err.position = expr.position;', 'return await evaluateBooleanExpression(lhs, evalrhs, op);\n            } catch(err) {\n                err.position = err.position || expr.position;']],
  },
  {
    name: 'letters',
    reason: '$parseInteger by letters takes letters of any case and nothing else; the reference computes with any character',
    changes: [['romanToDecimal(isUpper ? value : value.toUpperCase())', 'romanToDecimal(value.toUpperCase())'], ['var aCode = aChar.charCodeAt(0);\n        var decimal = 0;', 'letters = letters.toLowerCase(); if (/[^a-z]/.test(letters)) return NaN; var aCode = 97;\n        var decimal = 0;']],
  },
  {
    name: 'nan',
    reason: '$type of a number that is none (NaN) is "number"; the reference says "object"',
    changes: [["if (isNumeric(value)) {\n            return 'number';", "if (typeof value === 'number') {\n            return 'number';"]],
  },
];
