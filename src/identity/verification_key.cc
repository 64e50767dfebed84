// Moonstone. Licence: see LICENSE.
// The only file of this module that knows OpenSSL.
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/digest.h"
#include "identity/key_set.h"

namespace moonstone::identity {
namespace {

constexpr std::size_t kP256Bytes = 32;  // of a coordinate, and of each half of a signature
constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kRsaExponentBytesMax = 8;  // 65537 has three
constexpr std::size_t kRsaModulusBytesMax = kRsaBitsMax / 8;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Number number_of(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

Error wrong_key(const std::string& what) {
  ERR_clear_error();
  return {ErrorCode::InvalidArgument, what};
}

Error of_no_use(const std::string& what) {
  return {ErrorCode::Unimplemented, what};
}

std::string_view text_member(const Object& json, std::string_view name) {
  const Value* value = json.find(name);
  return value != nullptr && value->is_text() ? std::string_view(value->as_text())
                                              : std::string_view();
}

/// A member of raw bytes of at most that many.
Result<std::string> bytes_member(const Object& json, std::string_view name, std::size_t most) {
  auto bytes = from_base64url(text_member(json, name));
  if (!bytes || bytes->empty() || bytes->size() > most) {
    return wrong_key("its \"" + std::string(name) + "\" is missing, too long or not base64url");
  }
  return *std::move(bytes);
}

Result<KeyHandle> make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  const bool is_made =
      params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
  KeyHandle handle(key);
  const KeyContext checks(handle ? EVP_PKEY_CTX_new(handle.get(), nullptr) : nullptr);
  if (!is_made || !checks || EVP_PKEY_public_check(checks.get()) != 1) {
    return wrong_key("it is not a valid public key");
  }
  return handle;
}

Result<KeyHandle> make_rsa_key(const Object& json) {
  MS_TRY(const std::string modulus, bytes_member(json, "n", kRsaModulusBytesMax + 1));
  MS_TRY(const std::string exponent, bytes_member(json, "e", kRsaExponentBytesMax));
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  const int bits = BN_num_bits(n.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return wrong_key("its RSA modulus has " + std::to_string(bits) + " bits; allowed are " +
                     std::to_string(kRsaBitsMin) + " to " + std::to_string(kRsaBitsMax));
  }
  if (BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1) {
    return wrong_key("its RSA exponent is not an odd number above 1");
  }
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return make_key("RSA", builder.get());
}

Result<KeyHandle> make_ec_key(const Object& json) {
  MS_TRY(const std::string x, bytes_member(json, "x", kP256Bytes));
  MS_TRY(const std::string y, bytes_member(json, "y", kP256Bytes));
  if (x.size() != kP256Bytes || y.size() != kP256Bytes) {
    return wrong_key("its coordinates are not of 32 bytes");
  }
  const std::string point = '\x04' + x + y;  // uncompressed
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return make_key("EC", builder.get());
}

Result<KeyHandle> make_ed25519_key(const Object& json) {
  MS_TRY(const std::string x, bytes_member(json, "x", kEd25519Bytes));
  KeyHandle key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size()));
  if (!key) return wrong_key("it is not a valid public key");
  return key;
}

/// Whether the key is meant for checking signatures of this algorithm.
Status check_purpose(const Object& json, Algorithm algorithm) {
  const std::string_view use = text_member(json, "use");
  if (!use.empty() && use != "sig") return of_no_use("it is not for signatures");
  if (const Value* operations = json.find("key_ops")) {
    bool verifies = false;
    if (operations->is_array()) {
      for (const Value& operation : operations->as_array())
        verifies = verifies || (operation.is_text() && operation.as_text() == "verify");
    }
    if (!verifies) return of_no_use("it is not for checking signatures");
  }
  const std::string_view name = text_member(json, "alg");
  const bool fits = name.empty() || name == to_string(algorithm) ||
                    (algorithm == Algorithm::EdDsa && name == "Ed25519");
  if (!fits) return of_no_use("its algorithm is not supported");
  return {};
}

/// The halves of an ES256 signature in the form that OpenSSL reads; empty if it is none.
std::string to_der(std::string_view signature) {
  if (signature.size() != 2 * kP256Bytes) return {};
  Number r = number_of(signature.substr(0, kP256Bytes));
  Number s = number_of(signature.substr(kP256Bytes));
  const EcSignature parts(ECDSA_SIG_new());
  ECDSA_SIG_set0(parts.get(), r.release(), s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool verify_with(EVP_PKEY* key,
                 const EVP_MD* digest,
                 std::string_view text,
                 std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  const bool is_valid = EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
                        EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                         bytes_of(text), text.size()) == 1;
  ERR_clear_error();  // a failed check leaves its story in the thread's queue
  return is_valid;
}

}  // namespace

struct VerificationKey::Material {
  Algorithm algorithm = Algorithm::Hs256;
  std::string id;
  std::string secret;  // HS256
  KeyHandle key;       // the others
};

VerificationKey::VerificationKey(std::shared_ptr<const Material> material)
    : material_(std::move(material)) {}

Result<VerificationKey> VerificationKey::from_secret(std::string secret) {
  if (secret.size() < kSecretBytesMin) {
    return wrong_key("the secret has " + std::to_string(secret.size()) + " bytes; at least " +
                     std::to_string(kSecretBytesMin) + " are needed (try: openssl rand -hex 32)");
  }
  auto material = std::make_shared<Material>();
  material->secret = std::move(secret);
  return VerificationKey(std::move(material));
}

Result<VerificationKey> VerificationKey::from_json(const Object& json) {
  auto material = std::make_shared<Material>();
  const std::string_view type = text_member(json, "kty");
  const std::string_view curve = text_member(json, "crv");
  material->id = text_member(json, "kid");
  Result<KeyHandle> key = of_no_use("its type is not supported");
  if (type == "oct") return of_no_use("a set of public keys must not hold secrets");
  if (type == "RSA") {
    material->algorithm = Algorithm::Rs256;
    MS_TRY_STATUS(check_purpose(json, material->algorithm));
    key = make_rsa_key(json);
  } else if (type == "EC" && curve == "P-256") {
    material->algorithm = Algorithm::Es256;
    MS_TRY_STATUS(check_purpose(json, material->algorithm));
    key = make_ec_key(json);
  } else if (type == "OKP" && curve == "Ed25519") {
    material->algorithm = Algorithm::EdDsa;
    MS_TRY_STATUS(check_purpose(json, material->algorithm));
    key = make_ed25519_key(json);
  }
  MS_TRY(material->key, std::move(key));
  return VerificationKey(std::move(material));
}

Algorithm VerificationKey::algorithm() const {
  return material_->algorithm;
}

const std::string& VerificationKey::id() const {
  return material_->id;
}

bool VerificationKey::verifies(std::string_view text, std::string_view signature) const {
  EVP_PKEY* const key = material_->key.get();
  switch (material_->algorithm) {
    case Algorithm::Hs256:
      return equal_secrets(hmac_sha256(material_->secret, text), signature);
    case Algorithm::Rs256:
      return verify_with(key, EVP_sha256(), text, signature);
    case Algorithm::Es256: {
      const std::string der = to_der(signature);
      return !der.empty() && verify_with(key, EVP_sha256(), text, der);
    }
    case Algorithm::EdDsa:
      return verify_with(key, nullptr, text, signature);
  }
  return false;
}

}  // namespace moonstone::identity
