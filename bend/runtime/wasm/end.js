/* ---- Who has loaded this --------------------------------------------------------------------------- */

const shared = { run, start, version: VERSION };
if (isNode) {
    const { isMainThread, parentPort, workerData } = require('node:worker_threads');
    module.exports = shared;
    if (!isMainThread && workerData?.thread === THREAD) {
        serve(workerData.job, message => parentPort.postMessage(message),
            () => new Promise(resolve => parentPort.once('message', ({ input }) => resolve(input))));
    } else if (require.main === module) {
        command(process.argv.slice(2)).then(code => {
            process.exitCode = code;
        });
    }
} else if (globalThis.name === THREAD && typeof document === 'undefined') {
    let take = () => undefined;
    globalThis.onmessage = ({ data }) => {
        if (data.program === undefined) {
            take(data.input);
        } else {
            serve(data, message => postMessage(message), () => new Promise(resolve => {
                take = resolve;
            }));
        }
    };
} else {
    globalThis.bend = shared;
}
})();
