/* SPDX-License-Identifier: MIT */
/*
 * The planner's inside.  A node is one package of one owner, with everything known about it.
 *
 *     plan_nodes.c    policy and facts -> nodes and who needs whom
 *     plan_order.c    how deep a node stands, and in which order actions run
 *     plan_request.c  which nodes a trigger is about, and whether the asker may
 *     plan_decide.c   one node's verdict from what is wanted and what is there
 *     plan.c          walks the nodes, settles what they do to each other, builds the plan
 *     plan_reasons.c  codes -> sentences
 */
#ifndef RJ_ENGINE_PLAN_NODES_H
#define RJ_ENGINE_PLAN_NODES_H

#include "engine/arena.h"
#include "engine/id_index.h"
#include "engine/plan.h"

#define RJ_PLAN_MAX_NODES ((size_t)1000 * 1000)
#define RJ_PLAN_NOBODY SIZE_MAX

typedef struct rj_plan_node {
    const rj_assignment *assignment;
    rj_uid uid;
    const rj_record *record; /* these three NULL: nothing known */
    const rj_detection *detection;
    const rj_attempts *attempts;

    size_t *needs; /* nodes it depends on */
    size_t needs_count;
    unsigned depth;   /* longest way here from something that nothing needs */
    unsigned id_rank; /* place by id, then owner */

    bool selected;      /* part of this plan */
    bool target;        /* what the person asked for */
    bool for_mandatory; /* something mandatory needs it */
    bool ready;         /* will be there after the run, if wanted */
    size_t needed_by;   /* what pulls it in; RJ_PLAN_NOBODY */
    size_t kept_by;     /* what is there and needs it; RJ_PLAN_NOBODY */
    size_t obstacle;    /* dependency that cannot be had; RJ_PLAN_NOBODY */

    rj_verdict verdict;
    rj_reason *reasons;
    size_t reason_count;
} rj_plan_node;

typedef struct rj_planner {
    const rj_plan_input *input;
    rj_arena *arena; /* of the plan */
    rj_error *err;
    rj_plan_node *nodes;
    size_t count;
    rj_id_index index; /* (id, owner) -> node */
    size_t *by_depth;  /* nodes: what needs others before what is needed */
    rj_uid *users;     /* whom user-scope packages of the device are planned for; ascending */
    size_t user_count;
    bool asked; /* a person's request, not a sync */
} rj_planner;

/* What decide says about a node by itself; `reason` is the deciding one. */
typedef struct rj_choice {
    rj_verdict verdict;
    rj_reason reason;
} rj_choice;

/* plan_nodes.c */
rj_status rj_plan_collect(rj_planner *planner);
void rj_plan_discard(rj_planner *planner); /* all but the arena */
bool rj_plan_has_session(const rj_planner *planner, rj_uid uid);

/* plan_order.c */
rj_status rj_plan_rank(rj_planner *planner);
/* Node numbers of `list`: actions in order of execution, then the rest by id. */
rj_status rj_plan_sort(const rj_planner *planner, size_t *list, size_t count, size_t *ret_actions);
unsigned rj_plan_stage(const rj_planner *planner, const rj_plan_node *node);

/* plan_request.c */
/* Marks targets and selected nodes.  RJ_OK with *ret_refusal set: the request is not allowed;
 * *ret_target is the node it is about, RJ_PLAN_NOBODY if there is none. */
rj_status rj_plan_select(rj_planner *planner, size_t *ret_target, rj_reason *ret_refusal);
rj_reason rj_plan_request_reason(const rj_planner *planner);

/* plan_decide.c */
bool rj_plan_is_action(rj_verdict verdict);
bool rj_plan_is_present(const rj_plan_node *node);     /* seen, or unseen but on record */
const char *rj_plan_version(const rj_plan_node *node); /* installed one; NULL: cannot be told */
rj_choice rj_plan_decide(const rj_planner *planner, const rj_plan_node *node, bool needed);
/* The reason why `choice` has to wait; code NULL: it does not. */
rj_reason rj_plan_hold(const rj_planner *planner, const rj_plan_node *node,
                       const rj_choice *choice);
bool rj_plan_gate_applies(const rj_plan_node *node, const rj_choice *choice);

#endif
