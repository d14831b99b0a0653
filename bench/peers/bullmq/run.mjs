// BullMQ on the server whose URL is given: a line of JSON for each figure.
// `bench peers` runs it where `npm install` was done in this folder.
import { Queue, Worker } from "bullmq";

const address = new URL(process.argv[2]);
const connection = { host: address.hostname, port: Number(address.port), maxRetriesPerRequest: null };
const PAYLOAD = { of: 7, body: "x".repeat(130) };
const SINGLES = 5_000;
const JOBS = 50_000;
const BATCH = 1_000;
const CONCURRENCY = 100;
const PICK_UPS = Number(process.argv[3]);
const IDLE_MS = Number(process.argv[4]);

const tell = (measure, value, unit) => console.log(JSON.stringify({ measure, value, unit }));
const seconds = (since) => Number(process.hrtime.bigint() - since) / 1e9;
// Kept for ever otherwise, while the others forget.
const options = { removeOnComplete: 10_000, removeOnFail: 10_000 };

async function processed(queue, count) {
  let done = 0;
  const began = process.hrtime.bigint();
  let took;
  await new Promise((resolve, reject) => {
    const worker = new Worker(
      queue.name,
      async () => {
        done += 1;
        if (done === count) {
          took = seconds(began);
          setImmediate(() => worker.close().then(resolve, reject));
        }
      },
      { connection, concurrency: CONCURRENCY },
    );
    worker.on("error", reject);
  });
  return count / took;
}

async function pickUp() {
  const queue = new Queue("pick-up", { connection, defaultJobOptions: options });
  const began = new Map();
  const waits = [];
  let next;
  const worker = new Worker(
    queue.name,
    async (job) => {
      waits.push(Number(process.hrtime.bigint() - began.get(job.name)) / 1e6);
      next();
    },
    { connection },
  );
  await worker.waitUntilReady();
  for (let number = 0; number < PICK_UPS; number += 1) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const begun = new Promise((resolve) => {
      next = resolve;
    });
    began.set(`job ${number}`, process.hrtime.bigint());
    await queue.add(`job ${number}`, PAYLOAD);
    await begun;
  }
  await worker.close();
  await queue.close();
  waits.sort((left, right) => left - right);
  tell("enqueued to started by a worker, nothing else happening, p50", waits[Math.floor(PICK_UPS / 2)], "ms");
  tell("enqueued to started by a worker, nothing else happening, p99", waits[Math.floor(PICK_UPS * 0.99)], "ms");
}

const queue = new Queue("bench", { connection, defaultJobOptions: options });
await queue.waitUntilReady();
let began = process.hrtime.bigint();
for (let number = 0; number < SINGLES; number += 1) await queue.add("no-op", PAYLOAD);
tell("enqueued one by one, one caller", SINGLES / seconds(began), "jobs/s");
began = process.hrtime.bigint();
for (let batch = 0; batch < JOBS / BATCH; batch += 1) {
  await queue.addBulk(Array.from({ length: BATCH }, () => ({ name: "no-op", data: PAYLOAD })));
}
tell("enqueued in bulk, one caller", JOBS / seconds(began), "jobs/s");
tell("55,000 no-op jobs that waited, run, one process", await processed(queue, SINGLES + JOBS), "jobs/s");
await queue.close();
await pickUp();
