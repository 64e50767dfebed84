/** Sends a file to an upload address and returns its storage id. Errors: it did not arrive. */
export async function upload(address: string, file: File): Promise<string> {
  const type = file.type || "application/octet-stream";
  const reply = await fetch(address, {
    method: "PUT",
    headers: { "Content-Type": type },
    body: file,
  });
  if (!reply.ok) throw new Error(`The file was not stored (${reply.status})`);
  const { storageId } = (await reply.json()) as { storageId: string };
  return storageId;
}
