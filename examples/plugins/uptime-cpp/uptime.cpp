/* SPDX-License-Identifier: MIT */
/*
 * A check in C++, without the kit's frame: "recent-restart" is met while the device has been up for
 * at most MaxDays days.
 *
 *     evaluate() [loop] -> Job on the lane: read, watch for WatchSeconds, judge -> one answer
 *
 * What the language brings: an Answer that is given exactly once, whatever happens; settings that
 * belong to nobody but their Settings; no exception that crosses the border.  libstdc++ is linked
 * into the plugin, and plugin.map keeps its names inside.
 */
#include "uptime.h"

#include <realmjoin/check.h>
#include <realmjoin/kit/json.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>

namespace
{

constexpr char kId[] = "com.example.uptime-cpp";
constexpr char kVersion[] = "1.0.0";
constexpr char kCheck[] = "recent-restart";
const char *const kChecks[] = {kCheck, nullptr};

/* What the policy says, read anew whenever it changes. */
struct Settings {
    std::string root;
    std::int64_t max_days = 30;
    std::int64_t watch_seconds = 0;
    std::string fault; /* why they cannot be used; "": they can */
};

/* Absent: `number` keeps its default.  Anything else than a number within the limits is a fault. */
void take_number(rj_json_value settings, const char *name, std::int64_t least, std::int64_t most,
                 std::int64_t &number, std::string &fault)
{
    rj_json_value value = rj_json_member(settings, name);
    std::int64_t given = 0;
    if (!value.start)
        return;
    if (rj_json_integer(value, &given) && given >= least && given <= most)
        number = given;
    else
        fault = std::string(name) + " is no number from " + std::to_string(least) + " to " +
                std::to_string(most);
}

Settings read_settings(const char *text, std::size_t length)
{
    Settings read;
    char root[4096];
    rj_json_value config = rj_json_document(text, length);
    rj_json_value settings = rj_json_member(config, "settings");
    if (rj_json_string(rj_json_member(config, "root"), root, sizeof root) < 0)
        read.fault = "the configuration has no root";
    else
        read.root = root;
    take_number(settings, "MaxDays", 1, 3650, read.max_days, read.fault);
    take_number(settings, "WatchSeconds", 0, 600, read.watch_seconds, read.fault);
    return read;
}

} // namespace

struct rj_plugin {
    const rj_host *host = nullptr;
    const rj_host_op *ops = nullptr;
    const rj_host_exec *exec = nullptr;
    const rj_host_event *events = nullptr;
    std::uint64_t subscription = 0;
    Settings settings; /* [loop]; a job takes a copy */
    int jobs = 0;      /* [loop] */
    rj_op stop_op = 0; /* [loop]; 0: not stopping */

    void stop_if_idle()
    {
        if (jobs == 0 && stop_op)
            ops->finish(host, stop_op, RJ_OK, nullptr);
    }
};

namespace
{

/* The one answer to an op: given once by give(), else by the end of its life. */
class Answer
{
  public:
    Answer(const rj_plugin &plugin, rj_op op) : plugin_(plugin), op_(op)
    {
    }
    Answer(const Answer &) = delete;
    Answer &operator=(const Answer &) = delete;
    ~Answer()
    {
        give(RJ_E_CANCELLED, "stopped before it began");
    }

    void give(rj_status status, const char *message)
    {
        if (!given_.exchange(true))
            plugin_.ops->finish(plugin_.host, op_, status, status ? message : nullptr);
    }

    void give_result(const char *state, const char *summary, const char *remedy,
                     const std::string &source, const std::string &found, const char *means)
    {
        char text[4096];
        rj_json_writer out = {text, sizeof text, 0, 0};
        rj_json_format(&out, "{\"state\": %q, \"summary\": %q", state, summary);
        if (remedy)
            rj_json_format(&out, ", \"remedy\": %q", remedy);
        rj_json_format(&out, ", \"evidence\": [{\"source\": %q, \"found\": %q, \"means\": %q}]}",
                       source.c_str(), found.c_str(), means);
        rj_status status = rj_json_failed(&out)
                               ? RJ_E_LIMIT
                               : plugin_.ops->set_result(plugin_.host, op_, text, out.length);
        give(status, "the result could not be handed over");
    }

  private:
    const rj_plugin &plugin_;
    const rj_op op_;
    std::atomic<bool> given_{false};
};

/* One question on its way: made on the loop, worked on the lane, deleted on the loop. */
class Job
{
  public:
    Job(rj_plugin &plugin, rj_op op)
        : plugin_(plugin), op_(op), settings_(plugin.settings), answer_(plugin, op)
    {
        plugin_.jobs++;
    }
    ~Job()
    {
        plugin_.jobs--;
    }

    rj_plugin &plugin()
    {
        return plugin_;
    }
    Answer &answer()
    {
        return answer_;
    }

    void judge()
    {
        const std::string source = uptime_source(settings_.root);
        std::string found;
        if (!settings_.fault.empty()) {
            answer_.give_result("unknown", "The settings of this check cannot be used.", nullptr,
                                "settings", settings_.fault, "not known what is wanted");
            return;
        }
        double before = read_uptime(source, found);
        if (before >= 0 && settings_.watch_seconds > 0) {
            if (!wait(std::chrono::seconds(settings_.watch_seconds))) {
                answer_.give(RJ_E_CANCELLED, "stopped on request while watching the uptime");
                return;
            }
            double after = read_uptime(source, found);
            if (after < before + 0.5 * static_cast<double>(settings_.watch_seconds))
                before = -1;
        }
        if (before < 0)
            answer_.give_result("unknown", "Not known how long this device has been up.", nullptr,
                                source, found, "no uptime, or one that does not run");
        else
            conclude(source, found, static_cast<std::int64_t>(before / 86400));
    }

  private:
    void conclude(const std::string &source, const std::string &found, std::int64_t days)
    {
        const bool met = days <= settings_.max_days;
        char summary[160];
        std::snprintf(summary, sizeof summary, "Up for %lld days; at most %lld are wanted.",
                      static_cast<long long>(days), static_cast<long long>(settings_.max_days));
        answer_.give_result(met ? "ok" : "not-met", summary, met ? nullptr : "Restart the device.",
                            source, found,
                            met ? "restarted recently" : "the last restart is too long ago");
    }

    /* True: the whole time has passed.  False: the op is to end early. */
    bool wait(std::chrono::seconds time)
    {
        plugin_.ops->on_cancel(plugin_.host, op_, wake, this);
        std::unique_lock<std::mutex> hold(mutex_);
        const bool ended = woken_.wait_for(hold, time, [this] {
            return cancelled_ || plugin_.ops->cancelled(plugin_.host, op_) != 0;
        });
        return !ended;
    }

    /* [loop]; may still come while the job ends on the lane, but not after done(). */
    static void RJ_CALL wake(void *data)
    {
        Job &job = *static_cast<Job *>(data);
        std::lock_guard<std::mutex> hold(job.mutex_);
        job.cancelled_ = true;
        job.woken_.notify_one();
    }

    rj_plugin &plugin_;
    const rj_op op_;
    const Settings settings_;
    Answer answer_;
    std::mutex mutex_;
    std::condition_variable woken_;
    bool cancelled_ = false;
};

/* ---- The border: nothing thrown leaves these functions ------------------------------------------ */

void RJ_CALL work(rj_op, void *data)
{
    Job &job = *static_cast<Job *>(data);
    try {
        job.judge();
    } catch (const std::exception &error) {
        job.answer().give(RJ_E_FAILED, error.what());
    } catch (...) {
        job.answer().give(RJ_E_FAILED, "something was thrown that is no std::exception");
    }
}

void RJ_CALL done(rj_op, void *data, std::int32_t)
{
    Job *job = static_cast<Job *>(data);
    rj_plugin &plugin = job->plugin();
    delete job;
    plugin.stop_if_idle();
}

const char *const *RJ_CALL ids(rj_plugin *)
{
    return kChecks;
}

void RJ_CALL evaluate(rj_plugin *plugin, const char *check_id, rj_op op)
{
    if (std::strcmp(check_id, kCheck) != 0) {
        plugin->ops->finish(plugin->host, op, RJ_E_NOT_FOUND,
                            "this plugin has the check \"recent-restart\" alone");
        return;
    }
    try {
        auto job = std::make_unique<Job>(*plugin, op);
        rj_status status = plugin->exec->run(plugin->host, op, work, done, job.get());
        if (status)
            job->answer().give(status, "too much is waiting already; ask again later");
        else
            job.release(); /* done() has it now */
    } catch (const std::bad_alloc &) {
        plugin->ops->finish(plugin->host, op, RJ_E_NO_MEMORY, "out of memory");
    }
}

/* [loop] */
void RJ_CALL on_config(void *data, const char *, const char *json, std::size_t length)
{
    rj_plugin &plugin = *static_cast<rj_plugin *>(data);
    try {
        plugin.settings = read_settings(json, length);
    } catch (const std::bad_alloc &) {
        /* the former settings stay */
    }
}

rj_status RJ_CALL create(const rj_host *host, const char *config_json, rj_plugin **ret_plugin)
{
    try {
        auto plugin = std::make_unique<rj_plugin>();
        plugin->host = host;
        plugin->ops = static_cast<const rj_host_op *>(host->query(host, RJ_HOST_OP));
        plugin->exec = static_cast<const rj_host_exec *>(host->query(host, RJ_HOST_EXEC));
        plugin->events = static_cast<const rj_host_event *>(host->query(host, RJ_HOST_EVENT));
        if (!plugin->ops || !plugin->exec || !plugin->events)
            return RJ_E_DENIED;
        plugin->settings = read_settings(config_json, std::strlen(config_json));
        rj_status status = plugin->events->subscribe(host, "host.config", on_config, plugin.get(),
                                                     &plugin->subscription);
        if (status)
            return status;
        *ret_plugin = plugin.release();
        return RJ_OK;
    } catch (const std::bad_alloc &) {
        return RJ_E_NO_MEMORY;
    }
}

const void *RJ_CALL query(rj_plugin *, const char *id)
{
    static const rj_check table = {sizeof(rj_check), RJ_ABI_MINOR, ids, evaluate, nullptr};
    return std::strcmp(id, RJ_CHECK) == 0 ? &table : nullptr;
}

/* The host has cancelled what runs; the last job's end answers. */
void RJ_CALL stop(rj_plugin *plugin, rj_op op)
{
    plugin->events->unsubscribe(plugin->host, plugin->subscription);
    plugin->stop_op = op;
    plugin->stop_if_idle();
}

void RJ_CALL destroy(rj_plugin *plugin)
{
    delete plugin;
}

} // namespace

const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1()
{
    static const char *const provides[] = {RJ_CHECK, nullptr};
    static const rj_plugin_desc desc = {sizeof(rj_plugin_desc),
                                        RJ_ABI_MINOR,
                                        kId,
                                        kVersion,
                                        provides,
                                        create,
                                        query,
                                        stop,
                                        destroy};
    return &desc;
}
