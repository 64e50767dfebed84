// Moonstone. Licence: see LICENSE.
// wss:// against a certificate made here: who is trusted, who is not.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "moonstone/client.h"
#include "tests/client/raw_server.h"

namespace moonstone::client {
namespace {

using ::testing::HasSubstr;
using testing::Inbox;
using testing::RawPeer;
using testing::RawServer;
using testing::text_frame;

constexpr long kDayS = 86'400;

/// A certificate for `localhost` that signs itself.
class TlsTest : public ::testing::Test {
 protected:
  TlsTest()
      : key_(::EVP_EC_gen("P-256"), &::EVP_PKEY_free),
        certificate_(::X509_new(), &::X509_free),
        context_(::SSL_CTX_new(::TLS_server_method()), &::SSL_CTX_free) {
    X509* const made = certificate_.get();
    ::X509_set_version(made, 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(made), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(made), -kDayS);
    ::X509_gmtime_adj(::X509_getm_notAfter(made), kDayS);
    ::X509_set_pubkey(made, key_.get());
    X509_NAME* const name = ::X509_get_subject_name(made);
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("moonstone test"), -1, -1,
                                 0);
    ::X509_set_issuer_name(made, name);
    X509_EXTENSION* const names =
        ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    ::X509_add_ext(made, names, -1);
    ::X509_EXTENSION_free(names);
    EXPECT_NE(::X509_sign(made, key_.get(), ::EVP_sha256()), 0);
    ::SSL_CTX_use_certificate(context_.get(), made);
    ::SSL_CTX_use_PrivateKey(context_.get(), key_.get());

    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(authorities_.c_str(), "w"),
                                                     &std::fclose);
    EXPECT_EQ(::PEM_write_X509(file.get(), made), 1);
  }
  ~TlsTest() override { std::filesystem::remove(authorities_); }

  std::unique_ptr<Client> connect(const std::string& url, const std::string& authorities) {
    Options options;
    options.certificate_authorities = authorities;
    options.backoff_attempts_max = 0;
    options.on_state = [this](State state, const std::string& why) {
      if (state == State::Disconnected) reasons_.put(why);
    };
    return *Client::connect(*loop_, url, std::move(options));
  }

  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  const std::string authorities_ = (std::filesystem::temp_directory_path() /
                                    ("moonstone-tls-test-" + std::to_string(::getpid()) + ".pem"))
                                       .string();
  RawServer server_;
  Inbox<std::string> reasons_;
  std::unique_ptr<Loop> loop_ = Loop::start();
};

TEST_F(TlsTest, TalksToATrustedServer) {
  const auto client = connect(server_.url("wss", "localhost"), authorities_);
  auto answer = client->action("m:mail", R"({"size":1})");
  RawPeer peer = server_.accept(context_.get());
  peer.upgrade();
  EXPECT_THAT(peer.text().value(), HasSubstr("hello"));
  EXPECT_THAT(peer.text().value(), HasSubstr(R"("args":{"size":1})"));
  const std::string large(100'000, 'z');
  peer.send(text_frame(R"({"type":"actionResult","id":"a1","result":")" + large + "\"}"));
  EXPECT_EQ(answer.get().value().size(), large.size() + 2);
  client->close();
  EXPECT_EQ(peer.frame().value().first, 0x88) << "and says goodbye";
}

TEST_F(TlsTest, RefusesAnUnknownAuthority) {
  const auto client = connect(server_.url("wss", "localhost"), "");
  const RawPeer peer = server_.accept(context_.get());
  EXPECT_THAT(reasons_.take(), HasSubstr("certificate verify failed"));
}

TEST_F(TlsTest, RefusesTheCertificateOfAnotherHost) {
  const auto client = connect(server_.url("wss", "127.0.0.1"), authorities_);
  const RawPeer peer = server_.accept(context_.get());
  EXPECT_THAT(reasons_.take(), HasSubstr("certificate verify failed"));
}

TEST_F(TlsTest, NamesAMissingFile) {
  const auto client = connect(server_.url("wss"), "/nowhere/authorities.pem");
  EXPECT_THAT(reasons_.take(), HasSubstr("cannot read the certificate authorities: "));
}

}  // namespace
}  // namespace moonstone::client
