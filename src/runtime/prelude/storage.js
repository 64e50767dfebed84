// Moonstone. Licence: see LICENSE.
//
// ctx.storage: in queries getUrl and getMetadata, in mutations also generateUploadUrl and delete.

function makeStorageReader(run) {
  return {
    async getUrl(id, options) {
      return natives.fileUrl(run, textOf(id, "storage.getUrl(): the id"), options);
    },
    async getMetadata(id) {
      return natives.fileMetadata(run, textOf(id, "storage.getMetadata(): the id"));
    },
  };
}

// No spread: see makeWriter.
function makeStorageWriter(run) {
  const { getUrl, getMetadata } = makeStorageReader(run);
  return {
    getUrl,
    getMetadata,
    async generateUploadUrl() {
      return natives.uploadUrl(run);
    },
    async delete(id) {
      natives.eraseFile(run, textOf(id, "storage.delete(): the id"));
    },
  };
}
