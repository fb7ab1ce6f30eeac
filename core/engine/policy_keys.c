/* SPDX-License-Identifier: MIT */
#include "engine/policy_keys.h"

#define EFFECT(NAME, KIND, ID)                                                                     \
    {                                                                                              \
        NAME, KIND, RJ_USE_EFFECT, ID, NULL                                                        \
    }
#define SECTION(NAME, SHAPE)                                                                       \
    {                                                                                              \
        NAME, RJ_KIND_OBJECT, RJ_USE_EFFECT, RJ_KEY_NONE, &SHAPE                                   \
    }
#define LIST(NAME, ID, SHAPE)                                                                      \
    {                                                                                              \
        NAME, RJ_KIND_LIST, RJ_USE_EFFECT, ID, &SHAPE                                              \
    }
#define UNUSED(NAME)                                                                               \
    {                                                                                              \
        NAME, RJ_KIND_ANY, RJ_USE_NONE, RJ_KEY_NONE, NULL                                          \
    }
#define HISTORIC(NAME)                                                                             \
    {                                                                                              \
        NAME, RJ_KIND_ANY, RJ_USE_HISTORIC, RJ_KEY_NONE, NULL                                      \
    }
#define SHAPE(KEYS)                                                                                \
    {                                                                                              \
        KEYS, sizeof(KEYS) / sizeof((KEYS)[0])                                                     \
    }

static const rj_policy_key package_keys[] = {
    EFFECT("ID", RJ_KIND_STRING, RJ_KEY_ID),
    EFFECT("Name", RJ_KIND_STRING, RJ_KEY_NAME),
    EFFECT("GroupName", RJ_KIND_STRING, RJ_KEY_GROUP),
    EFFECT("Format", RJ_KIND_STRING, RJ_KEY_FORMAT),
    EFFECT("Platform", RJ_KIND_STRING, RJ_KEY_PLATFORM),
    EFFECT("Package", RJ_KIND_STRING, RJ_KEY_PACKAGE),
    EFFECT("Version", RJ_KIND_STRING, RJ_KEY_VERSION),
    EFFECT("Args", RJ_KIND_TEXT, RJ_KEY_ARGS),
    EFFECT("Location", RJ_KIND_STRING, RJ_KEY_LOCATION),
    EFFECT("Hash", RJ_KIND_STRING, RJ_KEY_HASH),
    EFFECT("Scope", RJ_KIND_STRING, RJ_KEY_SCOPE),
    EFFECT("Order", RJ_KIND_INTEGER, RJ_KEY_ORDER),
    EFFECT("DependsOn", RJ_KIND_IDS, RJ_KEY_DEPENDS_ON),
    EFFECT("Mandatory", RJ_KIND_BOOLEAN, RJ_KEY_MANDATORY),
    EFFECT("Hidden", RJ_KIND_BOOLEAN, RJ_KEY_HIDDEN),
    EFFECT("AutoUpgrade", RJ_KIND_BOOLEAN, RJ_KEY_AUTO_UPGRADE),
    EFFECT("AllowReinstall", RJ_KIND_BOOLEAN, RJ_KEY_ALLOW_REINSTALL),
    EFFECT("Uninstall", RJ_KIND_BOOLEAN, RJ_KEY_UNINSTALL),
    EFFECT("PreRelease", RJ_KIND_BOOLEAN, RJ_KEY_PRE_RELEASE),
    EFFECT("TimeLimit", RJ_KIND_TIMESPAN, RJ_KEY_TIME_LIMIT),
    UNUSED("AutoUpgradeStaggered"),
    UNUSED("HasUserPart"),
    UNUSED("Type"),
};
static const rj_policy_shape package_shape = SHAPE(package_keys);

static const rj_policy_key source_keys[] = {
    HISTORIC("Name"), /* for the reader of the document */
    EFFECT("Source", RJ_KIND_STRING, RJ_KEY_SOURCE),
    EFFECT("Priority", RJ_KIND_INTEGER, RJ_KEY_PRIORITY),
    UNUSED("User"),
    UNUSED("Password"),
};
static const rj_policy_shape source_shape = SHAPE(source_keys);

static const rj_policy_key web_link_keys[] = {
    EFFECT("Name", RJ_KIND_STRING, RJ_KEY_NAME),
    EFFECT("Target", RJ_KIND_STRING, RJ_KEY_TARGET),
    EFFECT("Platform", RJ_KIND_STRING, RJ_KEY_PLATFORM),
    UNUSED("Args"),
};
static const rj_policy_shape web_link_shape = SHAPE(web_link_keys);

static const rj_policy_key chocolatey_keys[] = {
    LIST("Sources", RJ_KEY_SOURCES, source_shape),
    UNUSED("Version"),
    UNUSED("Enabled"),
    UNUSED("UseNativeRuntime"),
    UNUSED("DisableShim"),
    UNUSED("EnableAutoUpdate"),
};
static const rj_policy_shape chocolatey_shape = SHAPE(chocolatey_keys);

static const rj_policy_key environment_keys[] = {
    EFFECT("ConfigCheckInterval", RJ_KIND_TIMESPAN, RJ_KEY_CONFIG_INTERVAL),
    EFFECT("SecurityCheckInterval", RJ_KIND_TIMESPAN, RJ_KEY_SECURITY_INTERVAL),
    UNUSED("Channel"),
    UNUSED("UpdateCheckInterval"),
};
static const rj_policy_shape environment_shape = SHAPE(environment_keys);

static const rj_policy_key packaging_keys[] = {
    EFFECT("AutoUpgradeCanDowngrade", RJ_KIND_BOOLEAN, RJ_KEY_ALLOW_DOWNGRADE),
    UNUSED("Toast"),
};
static const rj_policy_shape packaging_shape = SHAPE(packaging_keys);

static const rj_policy_key security_keys[] = {
    EFFECT("UpdateStatus", RJ_KIND_ENFORCEMENT, RJ_KEY_UPDATE_STATUS),
    EFFECT("BitlockerEnabled", RJ_KIND_ENFORCEMENT, RJ_KEY_ENCRYPTION),
    EFFECT("FirewallEnabled", RJ_KIND_ENFORCEMENT, RJ_KEY_FIREWALL),
    EFFECT("AvEnabled", RJ_KIND_ENFORCEMENT, RJ_KEY_ANTIVIRUS),
    UNUSED("WinVersion"),
    UNUSED("EnvironmentCheck"),
};
static const rj_policy_shape security_shape = SHAPE(security_keys);

static const rj_policy_key policies_keys[] = {
    SECTION("RequireSecurityFeatures", security_shape),
    UNUSED("SetCurrentUserAdministrator"),
    UNUSED("SetTimeserver"),
    UNUSED("DisableNetworkLocationWizard"),
    UNUSED("SetNetworkOptimizationID"),
    UNUSED("TrustedSites"),
    HISTORIC("SMimeEnabled"),
    HISTORIC("OsActivationEnabled"),
    HISTORIC("DisableExplorerLibraries"),
    HISTORIC("ExplorShortcuts"),
    HISTORIC("Rms"),
    HISTORIC("OneDrive"),
    HISTORIC("Office"),
};
static const rj_policy_shape policies_shape = SHAPE(policies_keys);

static const rj_policy_key document_keys[] = {
    LIST("SoftwarePackages", RJ_KEY_PACKAGES, package_shape),
    SECTION("Chocolatey", chocolatey_shape),
    SECTION("Environment", environment_shape),
    SECTION("SoftwarePackaging", packaging_shape),
    SECTION("Policies", policies_shape),
    EFFECT("Plugins", RJ_KIND_ANY, RJ_KEY_PLUGINS),
    UNUSED("FirstRun"),
    UNUSED("BranchCache"),
    UNUSED("Cdn"),
    LIST("WebLinks", RJ_KEY_WEB_LINKS, web_link_shape),
    UNUSED("AppCatalog"),
    UNUSED("Integration"),
    UNUSED("LocalAdminManagement"),
    UNUSED("DomainConnect"),
    UNUSED("CredentialManager"),
    HISTORIC("Realm"),
    HISTORIC("IpSec"),
    HISTORIC("Branchbox"),
    HISTORIC("CloudVPN"),
    HISTORIC("AwsAccess"),
    HISTORIC("$schema"), /* for editors */
};
const rj_policy_shape rj_policy_document = SHAPE(document_keys);

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_name(const char *name, const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && name[i] && fold(name[i]) == fold(text[i]))
        i++;
    return i == length && !name[i];
}

const rj_policy_key *rj_policy_key_find(const rj_policy_shape *shape, const char *name,
                                        size_t length)
{
    for (size_t i = 0; i < shape->count; i++)
        if (is_name(shape->keys[i].name, name, length))
            return &shape->keys[i];
    return NULL;
}
