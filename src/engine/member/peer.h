/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/member/member.h"

/* A member as this view knows it. */
struct Peer {
        Member member;
        uint32_t joined_n; /* see ViewMember; relative while our own n is not known */
        bool joined_relative;
        bool newcomer; /* joined with this very view: is not waited for */
        bool voted, quorate, claims_synced;
        Revision revision;
        uint64_t digest;
        uint64_t since_seq, quorate_seq; /* see ViewMessage */
        bool excluded;                   /* left out until it answers */
        bool won;                        /* holds the agreed state, as the votes say */
        uint64_t incarnation;            /* of its messages in this view; 0: none yet */
        uint64_t number;                 /* of its last message in this view */
        FactsMessage facts;              /* its latest in this view */
        bool has_facts;
        uint64_t facts_number;
        uint64_t facts_usec; /* when they were delivered, on the local clock */
        bool served;         /* a state that holds its facts has been delivered */
        uint32_t nodelist
                        [NODES_MAX]; /* as it told last in this view, by a `view`, its facts or a `nodelist` */
        size_t n_nodelist;
        bool by_fewer;
};

/* What it says of its nodelist; agreed, since it was delivered. */
void peer_tell_nodelist(Peer *p, const uint32_t *ids, size_t n, bool by_fewer);
bool peer_lists(const Peer *p, uint32_t node_id);
