// A seeded generator of JSONata expressions and of documents to run them on. Expressions are made by the kind
// of value that is wanted, so that most of them run; now and then another kind stands there, or the text is
// damaged, so that errors are compared as well.

export class Random {
  constructor(seed) {
    this.state = BigInt(seed) * 0x9e3779b97f4a7c15n & 0xffffffffffffffffn;
  }
  next() {
    this.state = (this.state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let z = this.state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    return Number((z ^ (z >> 31n)) >> 11n) / 9007199254740992;
  }
  below(n) {
    return Math.floor(this.next() * n);
  }
  of(list) {
    return list[this.below(list.length)];
  }
  chance(p) {
    return this.next() < p;
  }
}

const NAMES = ['id', 'name', 'email', 'total', 'items', 'sku', 'price', 'qty', 'address', 'city', 'tags', 'note', 'a', 'b', 'c'];
const TEXTS = ['', 'a', 'b', 'Ann', 'ann@example.com', 'Bob Lee', '  x  y ', '12', '-3.5', '1e3', '0x1F', 'true', 'Zoë', '日本', '😀!',
  'ab,cd,ef', '2024-02-29T12:30:05.250Z', 'one hundred and five', 'XIV', '1,234', 'a\\b', 'tab\tnew\nline', 'é́', 'ǅ', 'ß', 'İ'];
const NUMBERS = ['0', '1', '2', '3', '5', '10', '-1', '-7', '0.5', '2.5', '1.005', '69.8', '100', '1234.567', '1e21', '1e-7', '123456789012', '0.1', '3.5', '-0.5', '-2.5'];
const REGEXES = ['/a/', '/[a-z]+/i', '/(\\w)(\\d)?/', '/,/', '/\\s+/', '/^A/', '/n$/m', '/(a|b)+/', '/[^,]*,/', '/./', '/(?:an)+/i', '/x{1,2}/', '/\\bB/', '/[\\d.]+/', '/(.)@(.)/'];
const NUMBER_PICTURES = ['0', '#', '#,##0.00', '00.0', '#0.###', '0%', '0.0‰', '#,##,##0', '0.0e0', '(0);-0', '00.##e00', '#.##', '.00', '0,0', 'x0y', '0;(0)', '##0,###.0#,#', '', 'a', '0.0.0', '0#', '#,.0', '%0%', '0e', '1,2'];
const INTEGER_PICTURES = ['0', '#,##0', '000', 'w', 'W', 'Ww', 'i', 'I', 'a', 'A', 'w;o', '0;o', 'Ww;o', '#,###,##0', '1', '٠', '#:##:0', '##,#0', 'x', ';', 'W;o', '0;c(x)'];
const TIME_PICTURES = ['[Y0001]-[M01]-[D01]', '[H01]:[m01]:[s01]', '[h]:[m01] [P]', '[FNn], [D1o] [MNn] [Y]', '[Y]-[d001]', '[YI]', '[W01]', '[w]', '[x]', '[X0001]-W[W01]-[F1]', '[M01]/[D01]/[Y0001]', '[MN,*-3] [D] [Y,2-2]', '[D]/[M]/[Y] [H]:[m]:[s].[f001]', '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01][Z]', '[z]', '[Z01:01t]', '[Z0101]', '[[x]] [Y]', '[Dw] [MNn]', '[DWwo] [MNn]', '[F,3-3]', '[C]', '[E]', '[q]', '[Y', 'plain', '[P] [h]', '[PN]', '[f]', '[s] [m]', '[FN]', '[Fn,3-3]', '[Y9,999,*]', '[D01][M01][Y0001]', '[Y0001] [d]', '[M]'];
const ZONES = ['"+0100"', '"-0500"', '"+0530"', '"0000"', '"+0000"'];

export class Generator {
  constructor(random) {
    this.random = random;
  }

  // ---- documents
  value(depth) {
    const r = this.random;
    const roll = r.below(depth > 0 ? 14 : 8);
    if (roll < 3) return this.documentText();
    if (roll < 6) return Number(r.of(NUMBERS));
    if (roll < 7) return r.chance(0.5);
    if (roll < 8) return r.chance(0.3) ? null : r.below(20);
    if (roll < 11) return this.list(depth);
    return this.object(depth);
  }
  documentText() {
    return this.random.of(TEXTS).replace('\\\\', '\\');
  }
  list(depth) {
    const r = this.random;
    const size = r.below(5);
    const kind = r.below(4);
    return Array.from({ length: size }, () =>
      kind === 0 ? Number(r.of(NUMBERS)) : kind === 1 ? this.documentText() : kind === 2 && depth > 0 ? this.object(depth - 1) : this.value(depth - 1));
  }
  object(depth) {
    const out = {};
    const size = this.random.below(6);
    for (let i = 0; i < size; ++i) out[this.random.of(NAMES)] = this.value(depth - 1);
    return out;
  }
  order() {
    const r = this.random;
    const item = () => ({ sku: r.of(['A1', 'B2', 'C3', 'D4']), price: Number(r.of(['1.5', '20', '69.8', '3'])), qty: r.below(5), tags: this.list(0) });
    return {
      id: r.below(1000), name: this.documentText(), email: r.of(['ann@example.com', 'BOB@EXAMPLE.COM', '']), total: Number(r.of(NUMBERS)),
      items: Array.from({ length: r.below(5) }, item), address: { city: r.of(['Bonn', 'Oslo', 'Zoë']), tags: ['x', 'y'].slice(r.below(3)) },
      tags: this.list(1), note: r.chance(0.3) ? null : this.documentText(), a: this.value(2), b: this.value(2), c: [this.object(1), this.object(2)],
    };
  }
  document() {
    const r = this.random;
    if (r.chance(0.6)) return this.order();
    if (r.chance(0.2)) return [this.order(), this.object(2), this.order()].slice(0, 1 + r.below(3));
    return this.value(3);
  }

  // ---- expressions
  expression() {
    const r = this.random;
    this.variables = [];
    this.next = 0;
    let text = this.any(2 + r.below(4));
    if (r.chance(0.08)) text = this.damaged(text);
    return text.toWellFormed();  // half of a surrogate pair is no UTF-8
  }
  damaged(text) {
    const r = this.random;
    for (let edits = 1 + r.below(2); edits > 0; --edits) {
      const at = r.below(text.length + 1);
      const roll = r.below(3);
      if (roll === 0) text = text.slice(0, at) + text.slice(at + 1 + r.below(3));
      else if (roll === 1) text = text.slice(0, at) + r.of(['(', ')', '[', ']', '{', '}', ',', '.', '..', ':', '?', '%', '@', '#', '^', '*', '|', '!', '~', '~>', '"', "'", '`', '$', '\\', '/', '/*', ';', ':=', '<', ' and ', ' in ', '1', 'x', '??', '?:', '&', '=', 'function', '-', '\u00a0']) + text.slice(at);
      else text = text.slice(0, at);
    }
    return text;
  }

  any(depth) {
    const r = this.random;
    return [this.path, this.path, this.number, this.string, this.boolean, this.array, this.object_, this.control, this.higher, this.misc, this.path, this.transform]
      .at(r.below(12)).call(this, depth);
  }
  /** Another kind, now and then. */
  odd(depth, make) {
    return this.random.chance(0.06) ? this.any(depth) : make.call(this, depth);
  }
  n(depth) { return this.odd(depth, this.number); }
  s(depth) { return this.odd(depth, this.string); }
  t(depth) { return this.odd(depth, this.boolean); }
  l(depth) { return this.odd(depth, this.array); }
  o(depth) { return this.odd(depth, this.object_); }
  f(depth) { return this.odd(depth, this.func); }

  quoted(text) {
    return this.random.chance(0.5) ? JSON.stringify(text) : "'" + text.replace(/\\/g, '\\\\').replace(/'/g, "\\u0027").replace(/\n/g, '\\n').replace(/\t/g, '\\t') + "'";
  }
  nameOf() {
    const r = this.random;
    return r.chance(0.04) ? '`' + r.of(NAMES) + '`' : r.chance(0.03) ? this.quoted(r.of(NAMES)) : r.of(NAMES);
  }
  variable() {
    const r = this.random;
    return this.variables.length > 0 && r.chance(0.7) ? '$' + r.of(this.variables) : r.of(['$', '$$', '$', '$missing']);
  }
  /** Runs `make` with a variable bound. */
  within(names, make) {
    const before = this.variables.length;
    this.variables.push(...names);
    const text = make();
    this.variables.length = before;
    return text;
  }
  fresh() {
    return this.random.of(['x', 'y', 'z', 'v', 'i']) + (this.next++ % 7);
  }

  step(depth) {
    const r = this.random;
    const roll = r.below(24);
    if (roll < 13) return this.nameOf();
    if (roll === 13) return '*';
    if (roll === 14) return r.chance(0.5) ? '**' : this.nameOf();
    if (roll === 15) return '%';
    if (roll === 16) return '(' + this.any(depth - 1) + ')';
    if (roll === 17) return '[' + this.any(depth - 1) + (r.chance(0.5) ? ', ' + this.any(depth - 1) : '') + ']';
    if (roll === 18) return '{' + this.pairs(depth - 1) + '}';
    if (roll === 19) return '$' + r.of(['string', 'uppercase', 'type', 'keys', 'sum', 'count', 'length', 'not', 'boolean', 'number', 'exists', 'spread', 'reverse', 'distinct']) + '(' + (r.chance(0.5) ? '' : this.any(depth - 1)) + ')';
    if (roll === 20) return this.variable();
    if (roll === 21) return '$lookup($, ' + this.s(0) + ')';
    return this.nameOf();
  }
  predicate(depth) {
    const r = this.random;
    const roll = r.below(9);
    if (roll < 2) return String(r.of(['0', '1', '-1', '2', '-2', '0.9', '1.5']));
    if (roll === 2) return '[' + r.of(['0..1', '0,2', '-1', '1..3', '0, -1']) + ']';
    if (roll === 3) return this.nameOf();
    if (roll === 4) return '';
    if (roll === 5) return this.any(depth - 1);
    return this.t(depth - 1);
  }
  path(depth) {
    const r = this.random;
    const bound = [];
    if (r.chance(0.3)) return this.known(depth);
    let text = r.chance(0.25) ? this.variable() : this.step(depth);
    for (let steps = r.below(4) + (r.chance(0.3) ? 1 : 0); steps >= 0; --steps) {
      if (r.chance(0.08)) {
        const name = this.fresh();
        text += '@$' + name;
        bound.push(name);
      }
      if (r.chance(0.22)) text += '[' + this.within(bound, () => this.predicate(depth)) + ']';
      if (r.chance(0.07)) {
        const name = this.fresh();
        text += '#$' + name;
        bound.push(name);
      }
      if (r.chance(0.07)) text += '[' + this.within(bound, () => this.predicate(depth)) + ']';
      if (r.chance(0.05)) text += '^(' + this.within(bound, () => this.sortTerms(depth)) + ')';
      if (steps > 0) text += '.' + this.within(bound, () => this.step(depth));
    }
    if (r.chance(0.08)) text += '{' + this.within(bound, () => this.pairs(depth)) + '}';
    if (r.chance(0.04)) text += '[' + this.within(bound, () => this.predicate(depth)) + ']';
    if (r.chance(0.05)) text += '.' + this.within(bound, () => this.any(depth - 1)).replace(/^(?=[-\d"'])/, '$');
    return text;
  }
  /** A path that most documents have. */
  known(depth) {
    const r = this.random;
    const item = r.of(['items', 'items', '$$.items', '$.items', 'items[qty > 1]', 'items[0]', 'items[-1]', 'items^(price)', 'items^(>qty, sku)', 'items#$n', 'items@$m']);
    const roll = r.below(9);
    if (roll === 0) return r.of(['address.city', 'address.tags', '$$.address.*', 'address.tags[1]', '**.sku', '**.city', '*.price', 'items.%.id', 'items.sku.%.%.name', 'id', 'total', '$$.name']);
    if (roll === 1) return item + '.(' + r.of(['price * qty', 'sku & "-" & qty', '{"s": sku, "t": price}', '[sku, qty]', '$string(price)', '$uppercase(sku)', '$sum([price, qty])', '%.id', 'tags[0]', '$n & sku', '$m.sku', 'qty > 1 ? sku', 'price ~> $string()']) + ')';
    if (roll === 2) return item + '{' + r.of(['sku: qty', 'sku: $sum(qty)', 'sku: {"p": price, "n": $count($)}', '$string(qty): sku', 'sku: $', '"k": price', 'sku: $n', 'sku: $m.price', 'sku: %.id']) + '}';
    if (roll === 3) return item + '.tags' + r.of(['', '[0]', '[]', '[$ > "a"]', '[-1]', '.$type($)', '.$string($)', '[[0, 1]]']);
    if (roll === 4) return item + '[' + this.predicate(depth) + '].' + r.of(['sku', 'price', 'qty', '*', 'tags']);
    return item + '.' + r.of(['sku', 'price', 'qty', 'sku[]', '*', '$', 'price[$ > 2]', '{"k": sku}', '$keys($)', '$lookup($, "sku")']);
  }
  sortTerms(depth) {
    const r = this.random;
    const term = () => r.of(['', '>', '<']) + r.of([this.nameOf(), this.nameOf(), '$', '$string($)', depth > 1 ? this.any(depth - 2) : this.nameOf()]);
    return r.chance(0.3) ? term() + ', ' + term() : term();
  }
  pairs(depth) {
    const r = this.random;
    const size = r.below(4);
    return Array.from({ length: size }, (_, i) => (r.chance(0.6) ? this.quoted(NAMES[(i * 5 + r.below(5)) % NAMES.length]) : this.s(Math.min(depth, 1))) + ': ' + this.any(depth - 1)).join(', ');
  }

  number(depth) {
    const r = this.random;
    if (depth <= 0) return r.of([r.of(NUMBERS), String(r.below(20)), r.of(['id', 'total', 'items[0].qty', 'price'])]);
    const roll = r.below(24);
    const d = depth - 1;
    if (roll < 2) return r.of(NUMBERS);
    if (roll < 7) return this.n(d) + ' ' + r.of(['+', '-', '*', '/', '%']) + ' ' + this.n(d);
    if (roll === 7) return '-' + this.n(d);
    if (roll === 8) return '(' + this.n(d) + ')';
    if (roll === 9) return '$' + r.of(['floor', 'ceil', 'abs', 'round', 'sqrt']) + '(' + this.n(d) + ')';
    if (roll === 10) return '$round(' + this.n(d) + ', ' + r.of(['0', '1', '2', '-1', '-2', '3']) + ')';
    if (roll === 11) return '$power(' + this.n(d) + ', ' + r.of(['2', '0', '-1', '0.5', '3', '10']) + ')';
    if (roll < 14) return '$' + r.of(['sum', 'max', 'min', 'average', 'count']) + '(' + this.l(d) + ')';
    if (roll === 14) return '$length(' + this.s(d) + ')';
    if (roll === 15) return '$number(' + this.odd(d, r.chance(0.6) ? this.string : this.number) + ')';
    if (roll === 16) return '$parseInteger(' + this.quoted(r.of(['12', '1,234', 'one hundred and five', 'XIV', 'aa', '12th', 'twenty-first', 'third', '1,000,000', 'two thousand and one', 'mcmxc', ''])) + ', ' + this.quoted(r.of(INTEGER_PICTURES)) + ')';
    if (roll === 17) return '$toMillis(' + r.of(["'2024-02-29T12:30:05.250Z'", "'2024-02-29'", "'2024'", "'2020-01-01T00:00:00+01:00'", this.s(d), "'2024-02'", "'1999-12-31T23:59:59Z'"]) + ')';
    if (roll === 18) return '$toMillis(' + this.quoted(r.of(['29/02/2024', '12:30:05', '2024-060', 'Thursday, 29th February 2024', '2024-02-29', '29 Feb 2024', 'FEB 29 24', '3:05 pm', '02/29/2024', '2024-02-29T12:30:05+01:00', '29022024', '2024 60', 'MMXXIV'])) + ', ' + this.quoted(r.of(TIME_PICTURES)) + ')';
    if (roll === 19) return '$millis()';
    if (roll === 20) return '$reduce(' + this.l(d) + ', function($p, $q){' + this.within(['p', 'q'], () => r.of(['$p + $q', '$p * $q', '$p & $q', '$append($p, $q)', '$max([$p, $q])'])) + '}' + (r.chance(0.4) ? ', ' + this.any(0) : '') + ')';
    if (roll === 21) return '$formatBase(' + this.n(d) + ', ' + r.of(['2', '16', '36', '10', '8', '1', '2.5']) + ')';
    return this.path(d);
  }

  string(depth) {
    const r = this.random;
    if (depth <= 0) return r.of([this.quoted(r.of(TEXTS)), this.quoted(r.of(TEXTS)), 'name', 'email', 'items.sku', 'address.city', '"\\u00e9\\ud83d\\ude00"']);
    const d = depth - 1;
    const roll = r.below(27);
    if (roll < 3) return this.quoted(r.of(TEXTS));
    if (roll < 6) return this.any(d) + ' & ' + this.any(d);
    if (roll === 6) return '$' + r.of(['uppercase', 'lowercase', 'trim', 'string', 'base64encode', 'base64decode', 'encodeUrl', 'encodeUrlComponent', 'decodeUrl', 'decodeUrlComponent']) + '(' + this.s(d) + ')';
    if (roll === 7) return '$string(' + this.any(d) + (r.chance(0.2) ? ', true' : '') + ')';
    if (roll === 8) return '$substring(' + this.s(d) + ', ' + this.n(0) + (r.chance(0.5) ? ', ' + this.n(0) : '') + ')';
    if (roll === 9) return '$substring' + r.of(['Before', 'After']) + '(' + this.s(d) + ', ' + this.s(0) + ')';
    if (roll === 10) return '$pad(' + this.s(d) + ', ' + r.of(['5', '-5', '0', '12', '-12', '3.7']) + (r.chance(0.5) ? ', ' + this.quoted(r.of(['', '0', 'ab', '😀', '日本'])) : '') + ')';
    if (roll === 11) return '$join(' + this.odd(d, () => '$string.' === '' ? '' : '$map(' + this.l(d) + ', $string)') + (r.chance(0.6) ? ', ' + this.s(0) : '') + ')';
    if (roll < 15) return '$replace(' + this.s(d) + ', ' + this.pattern() + ', ' + this.replacement() + (r.chance(0.2) ? ', ' + r.of(['0', '1', '2', '-1', '1.5']) : '') + ')';
    if (roll < 17) return '$formatNumber(' + this.n(d) + ', ' + this.quoted(r.of(NUMBER_PICTURES)) + (r.chance(0.1) ? ', ' + r.of(['{"decimal-separator": ",", "grouping-separator": "."}', '{"minus-sign": "~"}', '{"zero-digit": "٠"}', '{"percent": "pc"}', '{"digit": "x"}', '{}']) : '') + ')';
    if (roll < 19) {
      const picture = r.of(INTEGER_PICTURES);
      // Roman numerals of a large number are as long as the number is large.
      return '$formatInteger(' + (/^[iIaA]/.test(picture) ? '(' + this.n(d) + ') % 4000' : this.n(d)) + ', ' + this.quoted(picture) + ')';
    }
    if (roll < 21) return '$fromMillis(' + r.of(['0', '1709209805250', '-1', '951825600000', '1e12', this.n(d), '1735603200000', '1704067199999']) + ', ' + this.quoted(r.of(TIME_PICTURES)) + (r.chance(0.3) ? ', ' + r.of(ZONES) : '') + ')';
    if (roll === 21) return '$now(' + (r.chance(0.4) ? this.quoted(r.of(TIME_PICTURES)) : '') + ')';
    if (roll === 22) return '$type(' + this.any(d) + ')';
    if (roll === 23) return '$fromMillis(' + r.of(['0', '1709209805250', '-62135596800000', this.n(d)]) + ')';
    return this.path(d);
  }
  pattern() {
    const r = this.random;
    return r.chance(0.6) ? r.of(REGEXES) : this.s(0);
  }
  replacement() {
    const r = this.random;
    return r.chance(0.25) ? 'function($m){' + r.of(['$uppercase($m.match)', '$m.groups[0] & "!"', '"x"', '1', '$string($m.start) & $string($m.end)']) + '}'
      : this.quoted(r.of(['', 'x', '$0', '[$1]', '$2$1', '$$', '$', '$12', '😀$0', '$10']));
  }

  boolean(depth) {
    const r = this.random;
    if (depth <= 0) return r.of(['true', 'false', 'a', 'id > 3', 'qty']);
    const d = depth - 1;
    const roll = r.below(20);
    if (roll < 3) return this.any(d) + ' ' + r.of(['=', '!=']) + ' ' + this.any(d);
    if (roll < 6) return this.n(d) + ' ' + r.of(['<', '<=', '>', '>=']) + ' ' + this.n(d);
    if (roll < 8) return this.s(d) + ' ' + r.of(['<', '<=', '>', '>=', '=']) + ' ' + this.s(d);
    if (roll < 11) return this.t(d) + ' ' + r.of(['and', 'or']) + ' ' + this.t(d);
    if (roll === 11) return this.any(d) + ' in ' + this.l(d);
    if (roll === 12) return '$not(' + this.any(d) + ')';
    if (roll === 13) return '$boolean(' + this.any(d) + ')';
    if (roll === 14) return '$exists(' + this.any(d) + ')';
    if (roll === 15) return '$contains(' + this.s(d) + ', ' + this.pattern() + ')';
    if (roll === 16) return '(' + this.t(d) + ')';
    return this.path(d);
  }

  array(depth) {
    const r = this.random;
    if (depth <= 0) return r.of(['items', 'tags', 'items.price', 'items.qty', '[]', '[1, 2, 3]', "['b', 'a']", '[1]', 'c', '[3, 1, 2]']);
    const d = depth - 1;
    const roll = r.below(22);
    if (roll < 4) return '[' + Array.from({ length: r.below(4) }, () => this.any(d)).join(', ') + ']';
    if (roll === 4) return '[' + r.of(['1..3', '0..0', '3..1', '-2..2', r.below(9) + '..' + r.of(['id % 9', '$count(items)', '"x"', '2.5', 'qty']), this.n(0) + '..3']) + ']';
    if (roll === 5) return '$append(' + this.any(d) + ', ' + this.any(d) + ')';
    if (roll === 6) return '$' + r.of(['reverse', 'distinct']) + '(' + this.l(d) + ')';
    if (roll === 7) return '$sort(' + this.l(d) + (r.chance(0.5) ? ', function($l, $r){$l ' + r.of(['>', '<']) + ' $r}' : '') + ')';
    if (roll === 8) return '$zip(' + Array.from({ length: 1 + r.below(3) }, () => this.l(d)).join(', ') + ')';
    if (roll === 9) return '$split(' + this.s(d) + ', ' + this.pattern() + (r.chance(0.3) ? ', ' + r.of(['0', '1', '2', '-1', '1.5']) : '') + ')';
    if (roll === 10) return '$match(' + this.s(d) + ', ' + r.of(REGEXES) + (r.chance(0.3) ? ', ' + r.of(['0', '1', '2']) : '') + ')';
    if (roll === 11) return '$keys(' + this.any(d) + ')';
    if (roll === 12) return '$spread(' + this.any(d) + ')';
    if (roll < 16) return '$' + r.of(['map', 'filter', 'map']) + '(' + this.l(d) + ', ' + this.f(d) + ')';
    if (roll === 16) return '$each(' + this.o(d) + ', ' + this.f(d) + ')';
    if (roll === 17) return '$sort($shuffle(' + this.l(d) + '))';
    return this.path(d) + (r.chance(0.2) ? '[]' : '');
  }

  object_(depth) {
    const r = this.random;
    if (depth <= 0) return r.of(['address', 'items[0]', '$', '{}', '{"a": 1, "b": [1, 2]}', 'c[0]', '$$']);
    const d = depth - 1;
    const roll = r.below(11);
    if (roll < 4) return '{' + this.pairs(d) + '}';
    if (roll === 4) return '$merge(' + this.l(d) + ')';
    if (roll === 5) return '$sift(' + this.o(d) + ', ' + this.f(d) + ')';
    if (roll === 6) return '$clone(' + this.o(d) + ')';
    if (roll === 7) return this.path(d) + '{' + this.pairs(d) + '}';
    if (roll === 8) return '$merge([' + this.o(d) + ', ' + this.o(d) + '])';
    return this.path(d);
  }

  /** Functions of one to three arguments. */
  func(depth) {
    const r = this.random;
    const roll = r.below(12);
    const d = depth - 1;
    if (roll < 7 || depth <= 0) {
      const names = [this.fresh(), this.fresh(), this.fresh()].slice(0, 1 + r.below(3));
      const signature = r.chance(0.1) ? r.of(['<x:x>', '<n:n>', '<s-:s>', '<a<n>:n>', '<x?x?x?>', '<(sn)-:x>', '<o:o>', '<j>', '<n-n?>']) : '';
      return r.of(['function', 'λ']) + '(' + names.map((n) => '$' + n).join(', ') + ')' + signature + '{' + this.within(names, () => this.any(Math.min(d, 2))) + '}';
    }
    if (roll < 9) return '$' + r.of(['string', 'uppercase', 'number', 'boolean', 'not', 'exists', 'sum', 'count', 'type', 'length', 'keys', 'abs', 'floor', 'trim', 'append', 'max', 'lookup']);
    if (roll === 9) return '$' + r.of(['substring(?, 0, 2)', 'substring(?, 1)', 'append(?, 1)', 'contains(?, "a")', 'split(?, ",")', 'join(?, "-")', 'round(?, 1)', 'power(?, 2)', 'pad(?, 4, "*")', 'lookup(?, "a")', 'formatNumber(?, "0.0")', 'reduce(?, function($a,$b){$a & $b})']);
    if (roll === 10) return '(' + this.f(0) + ' ~> ' + this.f(0) + ')';
    return r.of(REGEXES);
  }

  control(depth) {
    const r = this.random;
    const d = depth - 1;
    if (depth <= 0) return this.any(0).length < 40 ? this.path(0) : '1';
    const roll = r.below(14);
    if (roll < 2) return this.t(d) + ' ? ' + this.any(d) + (r.chance(0.8) ? ' : ' + this.any(d) : '');
    if (roll === 2) return this.any(d) + ' ?: ' + this.any(d);
    if (roll === 3) return this.any(d) + ' ?? ' + this.any(d);
    if (roll < 7) {
      const name = this.fresh();
      return '($' + name + ' := ' + this.any(d) + '; ' + this.within([name], () => this.any(d) + (r.chance(0.3) ? '; ' + this.any(d) : '')) + (r.chance(0.1) ? ';' : '') + ')';
    }
    if (roll === 7) return '(' + Array.from({ length: 1 + r.below(3) }, () => this.any(d)).join('; ') + ')';
    if (roll === 8) return this.call(d);
    if (roll < 11) return this.any(d) + ' ~> ' + this.f(d);
    if (roll === 11) return this.any(d) + ' ~> $' + r.of(['substring(0, 2)', 'append(1)', 'join("-")', 'map($string)', 'filter($boolean)', 'sort()', 'reduce($append)', 'string()', 'each($string)', 'split(",")', 'sum()', 'keys()']);
    if (roll === 12) return '/* ' + r.of(['c', '*', '/', '"']) + ' */ ' + this.any(d);
    return '(' + this.any(d) + ')' + r.of(['', '[0]', '[]', '.a', '[-1]', '{"k": $}', '^(a)', '[a]']);
  }
  call(depth) {
    const r = this.random;
    const roll = r.below(6);
    if (roll === 0) return '($f := function($n){$n <= 0 ? ' + this.any(0) + ' : $f($n - 1)}; $f(' + r.below(6) + '))';
    if (roll === 1) return '($f := function($n, $k){$n <= 0 ? $k : $f($n - 1, $append($k, $n))}; $f(' + r.below(6) + ', []))';
    if (roll === 2) return '($g := function($a, $b, $c){[$a, $b, $c]}; $h := $g(?, ' + this.any(0) + ', ?); $h(' + this.any(depth) + (r.chance(0.7) ? ', 2' : '') + '))';
    if (roll === 3) return this.func(depth) + '(' + Array.from({ length: r.below(4) }, () => this.any(depth - 1)).join(', ') + ')';
    if (roll === 4) return '($c := function($n){function($m){$n & $m}}; $c(' + this.any(0) + ')(' + this.any(0) + '))';
    return '$eval(' + this.quoted(this.any(Math.min(depth, 2))) + (r.chance(0.3) ? ', ' + this.any(0) : '') + ')';
  }
  higher(depth) {
    const r = this.random;
    const d = Math.max(depth - 1, 0);
    const roll = r.below(7);
    if (roll < 2) return '$map(' + this.l(d) + ', ' + this.f(d) + ')';
    if (roll === 2) return '$filter(' + this.l(d) + ', ' + this.f(d) + ')';
    if (roll === 3) return '$single(' + this.l(d) + ', ' + this.f(d) + ')';
    if (roll === 4) return '$reduce(' + this.l(d) + ', ' + this.f(d) + (r.chance(0.4) ? ', ' + this.any(0) : '') + ')';
    if (roll === 5) return '$sort(' + this.l(d) + ', ' + this.f(d) + ')';
    return '$sift(' + this.o(d) + ', ' + this.f(d) + ')';
  }
  misc(depth) {
    const r = this.random;
    const d = Math.max(depth - 1, 0);
    const roll = r.below(10);
    if (roll === 0) return '$error(' + this.s(0) + ')';
    if (roll === 1) return '$assert(' + this.t(d) + ', ' + this.s(0) + ')';
    if (roll === 2) return '$lookup(' + this.any(d) + ', ' + this.s(0) + ')';
    if (roll === 3) return '$random() < 1';
    if (roll === 4) return '$' + r.of(['foo', 'sum', 'string', 'substring', 'length', 'pad', 'split', 'append', 'zip', 'merge', 'each', 'map', 'count', 'round', 'formatNumber', 'replace', 'keys', 'type', 'clone']) + '(' + Array.from({ length: r.below(4) }, () => this.any(d)).join(', ') + ')';
    if (roll === 5) return r.of(REGEXES) + '(' + this.s(d) + ')';
    if (roll === 6) return r.of(['null', 'true', 'false', 'and', 'or', 'in', 'function', '$', '$$', '""', '%', '**', '*', '$string', 'function($x){$x}', '[]', '{}', '()']);
    return this.path(depth);
  }
  transform(depth) {
    const r = this.random;
    const d = Math.max(depth - 1, 0);
    const deletes = r.chance(0.4) ? ', ' + r.of(['"a"', '["a", "b"]', '"price"', this.any(0)]) : '';
    const location = r.of(['$', 'items', 'address', '*', '**', 'c', 'items[qty > 1]', 'a', this.path(0)]);
    const update = r.of(['{"a": 1}', '{"total": price * qty}', '{}', '{"b": $}', '{' + this.pairs(Math.min(d, 1)) + '}', this.any(0)]);
    return this.any(0) + ' ~> |' + location + '|' + update + deletes + '|';
  }
}
