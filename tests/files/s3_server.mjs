// Moonstone. Licence: see LICENSE.
// A small S3 server in memory, for tests: it checks signatures itself, keeps objects and multipart
// uploads, pages its lists, and fails on demand. `node s3_server.mjs` prints its port; over
// /_control (not signed) a test asks what it has seen and orders faults.
import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

export const kAccess = { key: "AKIATEST", secret: "test/secret+key", region: "eu-test-1" };
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const encode = (text) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/** Why the signature of a request does not hold; nothing if it does. */
export function signatureProblem(request, body, now = Date.now()) {
  const said =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      request.headers.authorization ?? "",
    );
  if (!said) return "AccessDenied";
  const [, key, date, region, names, signature] = said;
  if (key !== kAccess.key) return "InvalidAccessKeyId";
  if (region !== kAccess.region) return "AuthorizationHeaderMalformed";
  if (request.headers["x-amz-content-sha256"] !== sha256(body)) return "XAmzContentSHA256Mismatch";
  const moment = request.headers["x-amz-date"] ?? "";
  const at = Date.parse(moment.replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5"));
  if (!moment.startsWith(date) || !(Math.abs(at - now) < 15 * 60_000))
    return "RequestTimeTooSkewed";
  for (const needed of ["host", "x-amz-content-sha256", "x-amz-date"])
    if (!names.split(";").includes(needed)) return "AccessDenied";
  const [path, query = ""] = request.url.split("?");
  const canonicalPath = path
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
  const canonicalQuery = query
    .split("&")
    .filter(Boolean)
    .map((pair) => pair.split("=").map((part) => encode(decodeURIComponent(part))))
    .map(([name, value = ""]) => `${name}=${value}`)
    .sort()
    .join("&");
  const headers = names
    .split(";")
    .map((name) => `${name}:${(request.headers[name] ?? "").trim()}\n`);
  const canonical = [
    request.method,
    canonicalPath,
    canonicalQuery,
    headers.join(""),
    names,
    request.headers["x-amz-content-sha256"],
  ].join("\n");
  const text = [
    "AWS4-HMAC-SHA256",
    moment,
    `${date}/${region}/s3/aws4_request`,
    sha256(canonical),
  ].join("\n");
  const signing = ["s3", "aws4_request"].reduce(
    hmac,
    hmac(hmac(`AWS4${kAccess.secret}`, date), region),
  );
  return hmac(signing, text).toString("hex") === signature ? undefined : "SignatureDoesNotMatch";
}

export class S3Server {
  objects = new Map(); // "bucket/key" -> { body, modified }
  uploads = new Map(); // id -> { name, parts: Map, initiated }
  faults = []; // { method, part of the url, times, status | "drop" | "late" }
  seen = []; // "GET /bucket/key?query"
  pageSize = 1000;

  static async start() {
    const server = new S3Server();
    server.http = createServer((request, response) => server.receive(request, response));
    await new Promise((done) => server.http.listen(0, "127.0.0.1", done));
    server.port = server.http.address().port;
    server.url = `http://127.0.0.1:${server.port}`;
    return server;
  }
  stop() {
    this.http.closeAllConnections();
    this.http.close();
  }

  async receive(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.url === "/_control") return this.control(body, response);
    this.seen.push(`${request.method} ${request.url}`);
    const fault = this.faults.find(
      (one) =>
        one.times > 0 && one.method === request.method && request.url.includes(one.url ?? ""),
    );
    if (fault) fault.times -= 1;
    if (fault?.status === "drop") return request.socket.destroy();
    if (typeof fault?.status === "number")
      return this.refuse(response, fault.status, "InternalError");
    const problem = signatureProblem(request, body);
    if (problem) return this.refuse(response, 403, problem);
    if (fault?.status === "late") {
      // Done, but the answer is lost.
      this.answer(request, body, { writeHead() {}, end() {} });
      return request.socket.destroy();
    }
    this.answer(request, body, response);
  }

  control(body, response) {
    const order = JSON.parse(body.toString() || "{}");
    if (order.faults) this.faults = order.faults;
    if (order.pageSize) this.pageSize = order.pageSize;
    if (order.forget) this.seen = [];
    if (order.put)
      this.objects.set(order.put, { body: Buffer.from("x"), modified: new Date(order.at ?? 0) });
    for (const upload of order.ageUploads ? this.uploads.values() : [])
      upload.initiated = new Date(0);
    response.end(
      JSON.stringify({
        seen: this.seen,
        objects: [...this.objects.keys()],
        uploads: [...this.uploads.values()].map((upload) => upload.name),
      }),
    );
  }

  refuse(response, status, code) {
    response.writeHead(status, { "content-type": "application/xml" });
    response.end(
      `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no &amp; no</Message></Error>`,
    );
  }

  answer(request, body, response) {
    const url = new URL(request.url, "http://x");
    const name = decodeURIComponent(url.pathname).slice(1);
    const query = url.searchParams;
    const send = (status, text = "", headers = {}) => {
      response.writeHead(status, { "content-length": Buffer.byteLength(text), ...headers });
      response.end(request.method === "HEAD" ? undefined : text);
    };
    const tag = (bytes) => `"${createHash("md5").update(bytes).digest("hex")}"`;
    const missing = () => this.refuse(response, 404, "NoSuchKey");
    const bucket = name.split("/")[0];
    if (bucket !== "test-bucket") return this.refuse(response, 404, "NoSuchBucket");
    if (query.has("list-type")) return send(200, this.listObjects(query));
    if (request.method === "GET" && query.has("uploads")) return send(200, this.listUploads(query));
    if (query.has("uploads")) {
      const id = `up/${this.uploads.size + 1}+=&`;
      this.uploads.set(id, { name, parts: new Map(), initiated: new Date() });
      return send(
        200,
        `<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><UploadId>${escape(id)}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (query.has("uploadId")) {
      const upload = this.uploads.get(query.get("uploadId"));
      if (!upload || upload.name !== name) return this.refuse(response, 404, "NoSuchUpload");
      if (request.method === "DELETE")
        return (this.uploads.delete(query.get("uploadId")), send(204));
      if (request.method === "PUT") {
        upload.parts.set(Number(query.get("partNumber")), body);
        return send(200, "", { etag: tag(body) });
      }
      return this.complete(query.get("uploadId"), upload, body.toString(), send, response);
    }
    if (request.method === "PUT") {
      this.objects.set(name, { body, modified: new Date() });
      return send(200, "", { etag: tag(body) });
    }
    if (request.method === "DELETE") return (this.objects.delete(name), send(204));
    const object = this.objects.get(name);
    if (!object) return missing();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!range) return send(200, object.body, { etag: tag(object.body) });
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]), object.body.length - 1)];
    if (from > to) return this.refuse(response, 416, "InvalidRange");
    send(206, object.body.subarray(from, to + 1), {
      "content-range": `bytes ${from}-${to}/${object.body.length}`,
    });
  }

  complete(id, upload, xml, send, response) {
    const tag = (bytes) => `"${createHash("md5").update(bytes).digest("hex")}"`;
    const parts = [...xml.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>(.*?)<\/ETag>/g)];
    const bodies = parts.map(([, number]) => upload.parts.get(Number(number)));
    const right = parts.every(
      ([, number, etag], i) =>
        Number(number) === i + 1 && bodies[i] && etag === tag(bodies[i]).replace(/"/g, "&quot;"),
    );
    if (!right || parts.length === 0) return this.refuse(response, 400, "InvalidPart");
    if (bodies.slice(0, -1).some((body) => body.length < 5 * 1024 * 1024))
      return this.refuse(response, 400, "EntityTooSmall");
    this.objects.set(upload.name, { body: Buffer.concat(bodies), modified: new Date() });
    this.uploads.delete(id);
    send(200, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>");
  }

  listObjects(query) {
    const prefix = "test-bucket/" + (query.get("prefix") ?? "");
    const after = query.has("continuation-token") ? query.get("continuation-token").slice(4) : "";
    const names = [...this.objects.keys()]
      .filter((name) => name.startsWith(prefix) && name > after)
      .sort();
    const page = names.slice(0, this.pageSize);
    const more = names.length > page.length;
    const entries = page.map((name) => {
      const { body, modified } = this.objects.get(name);
      return `<Contents><Key>${escape(name.slice("test-bucket/".length))}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>&quot;x&quot;</ETag><Size>${body.length}</Size></Contents>`;
    });
    const next = more
      ? `<NextContinuationToken>${escape("+/=&" + page.at(-1))}</NextContinuationToken>`
      : "";
    return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${more}</IsTruncated>${next}${entries.join("")}</ListBucketResult>`;
  }

  listUploads(query) {
    const prefix = "test-bucket/" + (query.get("prefix") ?? "");
    const entries = [...this.uploads]
      .filter(([, upload]) => upload.name.startsWith(prefix))
      .map(
        ([id, upload]) =>
          `<Upload><Key>${escape(upload.name.slice("test-bucket/".length))}</Key><UploadId>${escape(id)}</UploadId><Initiated>${upload.initiated.toISOString()}</Initiated></Upload>`,
      );
    return `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${entries.join("")}</ListMultipartUploadsResult>`;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await S3Server.start();
  console.log(server.port);
  process.stdin.resume().on("end", () => process.exit(0)); // ends with the test
}
