/* SPDX-License-Identifier: MIT */
/*
 * Windows' update agent: see update_agent_win32.h.
 *
 * By names and not by tables of functions: scripts use the agent in that way, and the system itself
 * says how each member is called.
 */
#include "update_agent_win32.h"

#include "automation_win32.h"

#include <initguid.h>
#include <objbase.h>
#include <wuapi.h>

#include <stdio.h>
#include <string.h>

#define QUESTION L"IsInstalled=0 and IsHidden=0 and Type='Software'"
#define SEARCH_SUCCEEDED 2
#define MAX_UPDATES 2000
#define MAX_CATEGORIES 100

/* Their ids are the same in every language, their names are not. */
static const char *const important_categories[] = {
    "0FA1201D-4330-4FA8-8AE9-B877473B6441", /* security updates */
    "E6CF1350-C01B-414D-A61F-263D14D133B4", /* critical updates */
};
static const char *const severities[] = {"Critical", "Important", "Moderate", "Low"};

/* The first problem is the one to tell. */
static bool fine(char *problem, const char *what, HRESULT result)
{
    if (FAILED(result) && !problem[0])
        snprintf(problem, UPDATE_PROBLEM, "%s: error 0x%08lx", what, (unsigned long)result);
    return SUCCEEDED(result);
}

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (_stricmp(text, list[i]) == 0)
            return true;
    return false;
}

static bool in_important_category(IDispatch *update, char *problem)
{
    IDispatch *categories = NULL;
    bool important = false;
    int32_t count = 0;

    if (!fine(problem, "Categories", automation_object(update, L"Categories", &categories)))
        return false;
    if (fine(problem, "Categories.Count", automation_number(categories, L"Count", &count)) &&
        (count < 0 || count > MAX_CATEGORIES))
        fine(problem, "Categories.Count", DISP_E_OVERFLOW);
    for (int32_t i = 0; i < count && !problem[0] && !important; i++) {
        IDispatch *category = NULL;
        char id[128];

        if (fine(problem, "Categories.Item", automation_item(categories, i, &category)) &&
            fine(problem, "CategoryID", automation_text(category, L"CategoryID", id, sizeof id)))
            important = is_one_of(id, important_categories,
                                  sizeof important_categories / sizeof *important_categories);
        automation_release(category);
    }
    automation_release(categories);
    return important;
}

/* What is important by one sign is so whether or not the other sign can be read. */
static void look_at(IDispatch *update, update_answer *answer)
{
    char severity[32], problem[UPDATE_PROBLEM] = "";
    bool important = fine(problem, "MsrcSeverity",
                          automation_text(update, L"MsrcSeverity", severity, sizeof severity)) &&
                     is_one_of(severity, severities, sizeof severities / sizeof *severities);
    char unread[UPDATE_PROBLEM] = "";

    important = important || in_important_category(update, unread);
    if (!important) {
        if (!answer->search_problem[0])
            snprintf(answer->search_problem, UPDATE_PROBLEM, "%s", problem[0] ? problem : unread);
        return;
    }
    if (answer->important < UPDATE_NAMED) {
        char *title = answer->titles[answer->important];

        if (FAILED(automation_text(update, L"Title", title, UPDATE_TITLE)) || !title[0])
            snprintf(title, UPDATE_TITLE, "an update without a title");
    }
    answer->important++;
}

static void look_at_all(IDispatch *found, update_answer *answer)
{
    char *problem = answer->search_problem;
    IDispatch *updates = NULL;
    int32_t code = 0, count = 0;

    if (fine(problem, "ResultCode", automation_number(found, L"ResultCode", &code)) &&
        code != SEARCH_SUCCEEDED)
        snprintf(problem, UPDATE_PROBLEM, "Search: result code %ld, not %d (succeeded)", (long)code,
                 SEARCH_SUCCEEDED);
    if (!fine(problem, "Updates", automation_object(found, L"Updates", &updates)))
        return;
    if (fine(problem, "Updates.Count", automation_number(updates, L"Count", &count)) &&
        (count < 0 || count > MAX_UPDATES)) {
        fine(problem, "Updates.Count", DISP_E_OVERFLOW);
        count = count < 0 ? 0 : MAX_UPDATES;
    }
    answer->offered = (uint32_t)count;
    for (int32_t i = 0; i < count; i++) {
        IDispatch *update = NULL;

        if (!fine(problem, "Updates.Item", automation_item(updates, i, &update)))
            break;
        look_at(update, answer);
        automation_release(update);
    }
    automation_release(updates);
}

static void search(update_answer *answer)
{
    char *problem = answer->search_problem;
    IDispatch *session = NULL, *searcher = NULL, *found = NULL;

    if (fine(problem, "UpdateSession", automation_create(&CLSID_UpdateSession, &session)) &&
        fine(problem, "CreateUpdateSearcher",
             automation_call(session, L"CreateUpdateSearcher", NULL, &searcher)) &&
        fine(problem, "Online", automation_set_boolean(searcher, L"Online", false)) &&
        fine(problem, "Search", automation_call(searcher, L"Search", QUESTION, &found)))
        look_at_all(found, answer);
    automation_release(found);
    automation_release(searcher);
    automation_release(session);
}

static void date_of(IDispatch *results, const wchar_t *name, const char *what,
                    update_date *ret_date)
{
    HRESULT result = automation_date(results, name, &ret_date->seconds);

    ret_date->never = result == S_FALSE;
    fine(ret_date->problem, what, result);
}

static void ask_dates(update_answer *answer)
{
    char *problem = answer->searched.problem;
    IDispatch *updates = NULL, *results = NULL;

    if (fine(problem, "AutoUpdate", automation_create(&CLSID_AutomaticUpdates, &updates)) &&
        fine(problem, "Results", automation_object(updates, L"Results", &results))) {
        date_of(results, L"LastSearchSuccessDate", "LastSearchSuccessDate", &answer->searched);
        date_of(results, L"LastInstallationSuccessDate", "LastInstallationSuccessDate",
                &answer->installed);
    } else {
        memcpy(answer->installed.problem, problem, UPDATE_PROBLEM);
    }
    automation_release(results);
    automation_release(updates);
}

static void ask_restart(update_answer *answer)
{
    char *problem = answer->restart_problem;
    IDispatch *system = NULL;

    if (fine(problem, "SystemInfo", automation_create(&CLSID_SystemInformation, &system)))
        fine(problem, "RebootRequired",
             automation_boolean(system, L"RebootRequired", &answer->restart));
    automation_release(system);
}

void update_agent_ask(update_answer *ret_answer)
{
    HRESULT entered = CoInitializeEx(NULL, COINIT_MULTITHREADED);

    memset(ret_answer, 0, sizeof *ret_answer);
    if (FAILED(entered)) {
        fine(ret_answer->search_problem, "COM", entered);
        fine(ret_answer->searched.problem, "COM", entered);
        fine(ret_answer->installed.problem, "COM", entered);
        fine(ret_answer->restart_problem, "COM", entered);
        return;
    }
    ask_dates(ret_answer);
    ask_restart(ret_answer);
    search(ret_answer);
    CoUninitialize();
}
