// Moonstone. Licence: see LICENSE.
//
// ctx.scheduler of mutations. What is wrong with times, names and options is said in C++, where
// actions ask, too.

// A reference may be anything that has a name, such as a proxy.
const nameOf = (fn) => (typeof fn === "string" ? fn : fn?._name);

function makeScheduler(run) {
  return {
    async runAfter(delayMs, fn, args, options) {
      return natives.runAfter(run, delayMs, nameOf(fn), args, options);
    },
    async runAt(timestamp, fn, args, options) {
      return natives.runAt(run, timestamp, nameOf(fn), args, options);
    },
    async cancel(id) {
      natives.cancelJob(run, textOf(id, "scheduler.cancel(): the id of the job"));
    },
  };
}
