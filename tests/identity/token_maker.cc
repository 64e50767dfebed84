// Moonstone. Licence: see LICENSE.
#include "tests/identity/token_maker.h"

#include <cstdlib>
#include <vector>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/digest.h"
#include "base/encoding.h"

namespace moonstone::identity::testing {
namespace {

constexpr int kP256Bytes = 32;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// The DER form of an ECDSA signature as its two halves.
std::string halves_of(const std::string& der) {
  const unsigned char* begin = bytes_of(der);
  ECDSA_SIG* const parts = d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size()));
  std::vector<unsigned char> halves(2 * kP256Bytes);
  BN_bn2binpad(ECDSA_SIG_get0_r(parts), halves.data(), kP256Bytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(parts), halves.data() + kP256Bytes, kP256Bytes);
  ECDSA_SIG_free(parts);
  return {halves.begin(), halves.end()};
}

}  // namespace

struct SigningKey::Material {
  EVP_PKEY* key = nullptr;
  Material() = default;
  Material(const Material&) = delete;
  Material& operator=(const Material&) = delete;
  ~Material() { EVP_PKEY_free(key); }
};

std::string to_base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('='))
    text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

std::string claims_json(std::string_view subject, std::string_view more_members) {
  return R"({"iss":"https://issuer.test","aud":"app","sub":")" + std::string(subject) +
         R"(","iat":)" + std::to_string(kNowSeconds) + R"(,"exp":)" +
         std::to_string(kNowSeconds + 3600) + std::string(more_members) + "}";
}

SigningKey::SigningKey(Kind kind, std::string id)
    : kind_(kind), id_(std::move(id)), material_(std::make_shared<Material>()) {
  switch (kind_) {
    case Kind::Rsa:
      material_->key = EVP_RSA_gen(2048);
      break;
    case Kind::Rsa1024:
      material_->key = EVP_RSA_gen(1024);
      break;
    case Kind::P256:
      material_->key = EVP_EC_gen("P-256");
      break;
    case Kind::Ed25519:
      material_->key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
  }
}

const char* SigningKey::algorithm() const {
  if (kind_ == Kind::P256) return "ES256";
  return kind_ == Kind::Ed25519 ? "EdDSA" : "RS256";
}

/// A number of the key, big-endian.
std::string SigningKey::parameter(const char* name) const {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(material_->key, name, &number);
  const bool is_coordinate = kind_ == Kind::P256;
  std::string bytes(static_cast<std::size_t>(is_coordinate ? kP256Bytes : BN_num_bytes(number)),
                    '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  BN_free(number);
  return bytes;
}

std::string SigningKey::public_json() const {
  const auto member = [](const char* name, const std::string& bytes) {
    return R"(,")" + std::string(name) + R"(":")" + to_base64url(bytes) + "\"";
  };
  const std::string head = id_.empty() ? "" : R"(,"kid":")" + id_ + "\"";
  if (kind_ == Kind::P256) {
    return R"({"kty":"EC","crv":"P-256","use":"sig")" + head +
           member("x", parameter(OSSL_PKEY_PARAM_EC_PUB_X)) +
           member("y", parameter(OSSL_PKEY_PARAM_EC_PUB_Y)) + "}";
  }
  if (kind_ == Kind::Ed25519) {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(material_->key, reinterpret_cast<unsigned char*>(raw.data()),
                                &size);
    return R"({"kty":"OKP","crv":"Ed25519","alg":"EdDSA")" + head + member("x", raw) + "}";
  }
  return R"({"kty":"RSA","alg":"RS256")" + head + member("n", parameter(OSSL_PKEY_PARAM_RSA_N)) +
         member("e", parameter(OSSL_PKEY_PARAM_RSA_E)) + "}";
}

std::string SigningKey::public_pem() const {
  BIO* const memory = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(memory, material_->key);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

std::string SigningKey::sign(std::string_view text) const {
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const EVP_MD* const digest = kind_ == Kind::Ed25519 ? nullptr : EVP_sha256();
  EVP_DigestSignInit(context, nullptr, digest, nullptr, material_->key);
  std::size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, bytes_of(text), text.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(text),
                 text.size());
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return kind_ == Kind::P256 ? halves_of(signature) : signature;
}

std::string SigningKey::token_with_header(std::string_view header, std::string_view claims) const {
  const std::string text = to_base64url(header) + "." + to_base64url(claims);
  return text + "." + to_base64url(sign(text));
}

std::string SigningKey::token(std::string_view claims) const {
  const std::string head = id_.empty() ? "" : R"(,"kid":")" + id_ + "\"";
  return token_with_header(R"({"typ":"JWT","alg":")" + std::string(algorithm()) + "\"" + head + "}",
                           claims);
}

std::string hmac_token(std::string_view secret, std::string_view claims, std::string_view header) {
  const std::string text = to_base64url(header) + "." + to_base64url(claims);
  return text + "." + to_base64url(hmac_sha256(secret, text));
}

}  // namespace moonstone::identity::testing
