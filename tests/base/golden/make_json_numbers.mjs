// Moonstone. Licence: see LICENSE.
//
// Prints json_numbers.golden: one line per number, the 64 bits of the double in hexadecimal and
// what JSON.stringify makes of it.
//   node tests/base/golden/make_json_numbers.mjs > tests/base/golden/json_numbers.golden

const view = new DataView(new ArrayBuffer(8));

function bitsOf(number) {
  view.setFloat64(0, number);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

function fromBits(bits) {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** A fixed stream of 64-bit numbers (SplitMix64), so that a second run prints the same file. */
function* bitStream(state) {
  const mask = (1n << 64n) - 1n;
  for (;;) {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let mixed = state;
    mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & mask;
    yield mixed ^ (mixed >> 31n);
  }
}

const numbers = [
  0, -0, 1, -1, 0.1, 0.2, 0.1 + 0.2, 0.5, 1.5, -1.5, 1 / 3, 2 / 3, 100, 1e2, 123456789, 1234567.89,
  NaN, Infinity, -Infinity,
  2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, -(2 ** 53), -(2 ** 53) - 2, 2 ** 63, -(2 ** 63), 2 ** 64,
  1e15, 1e16, 1e17, 1e20, 1e21, 1e22, 123456789012345680000, 1234567890123456800000,
  999999999999999900000, 999999999999999999999, -1e20, -1e21, 1.2e20, 1.2e21,
  1e-5, 1e-6, 1e-7, 1.5e-6, 1.5e-7, 0.000001234, 0.0000001234, -1e-6, -1e-7, 0.00001, 9.999e-7,
  Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON, 2.2250738585072014e-308, 2.225073858507201e-308,
  -Number.MIN_VALUE, -Number.MAX_VALUE, 1e308, 1e-308, 1e-323, 4.35, 4.349999999999999, 5e-324,
  9007199254740993, 0.3, 0.30000000000000004, 1e23, 8.41e21, 9.5e-8, 4503599627370496.5, 4503599627370497.5,
  3.141592653589793, 2.718281828459045, 6.02214076e23, 1.602176634e-19, 299792458, 1753184523123, 1753184523123.5,
];
for (let power = -30; power <= 30; power += 1) numbers.push(Number(`1e${power}`), Number(`1.25e${power}`));
for (let power = -1074; power <= 1023; power += 47) numbers.push(2 ** power, 2 ** power * 1.1);
const bits = bitStream(20261121n);
for (let count = 0; count < 150; count += 1) numbers.push(fromBits(bits.next().value));
for (let count = 0; count < 50; count += 1) numbers.push(Number(bits.next().value % 10n ** 17n) / 1000);

for (const number of new Set(numbers)) console.log(`${bitsOf(number)} ${JSON.stringify(number)}`);
console.log(`${bitsOf(-0)} ${JSON.stringify(-0)}`); // a Set does not tell -0 from 0
