#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-walls.sh
#
# The walls of the house stand (doc/architecture.md, "The walls"): which folder may include which, no circle of files, no
# name twice, no file that is too long. First it shows on a small tree that it sees each broken wall.

set -euo pipefail

if ! command -v perl >/dev/null; then
        echo 'SKIP: there is no perl'
        exit 77
fi
cd "${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}"

exec perl - <<'END'
use strict;
use warnings;
use File::Find;
use File::Path 'make_path';
use File::Temp 'tempdir';

# Each folder of src, and the folders below it that it may include.
my %below = (
        base => '', address => 'base', device => 'base', fuse => 'base', engine => 'base', wire => 'base engine', config => 'base engine', group => 'base engine',
        systemd => 'base engine config fuse', bus => 'base engine', world => 'base engine wire config',
        daemon => 'base engine wire config group systemd bus fuse', ctl => 'base engine wire config world',
);
# In src/engine: the ground, which knows no rule, then the wings, then the roof, which is all else.
my %ground = map { $_ => 0 } qw(types message state names encode event effect outlet);
my %wing = (agreed => 1, member => 2, local => 3);
# A header that is for these alone, in src.
my %private = ('engine/local/cutoff-struct.h' => 'engine/local/cutoff engine/duplicate');
my $lines_max = 800;

# What does not hold yet: how the line begins that says so, and the reason. One that holds again is to be taken out.
my %exceptions = ();

sub slurp { open(my $f, '<', $_[0]) or die "$_[0]: $!\n"; local $/; return <$f> }

sub wing_of {
        my ($file) = @_;
        return $file =~ m{^engine/(\w+)/} ? $wing{$1} // 4 : $file =~ m{^engine/([^/.]+)\.} ? $ground{$1} // 4 : undef;
}

# Groups of files that reach each other.
sub circles {
        my (%includes) = @_;
        my (%reach, %group);
        for my $file (keys %includes) {
                for (my @next = $file; defined(my $at = shift @next);) {
                        push @next, grep { !$reach{$file}{$_}++ } keys %{ $includes{$at} };
                }
        }
        for my $file (grep { $reach{$_}{$_} } keys %reach) {
                my @others = sort grep { $reach{$_} && $reach{$_}{$file} } keys %{ $reach{$file} };
                $group{"circle: @others"} = 1;
        }
        return keys %group;
}

# The broken walls of a tree, one line each.
sub broken {
        my ($top) = @_;
        my (@broken, %includes, %in, %files);
        find({ no_chdir => 1, wanted => sub {
                return unless /\.[ch]$/;
                my $path = substr($_, length("$top/"));
                my $text = slurp($_);
                my $lines = $text =~ tr/\n//;
                push @broken, "$path: more than $lines_max lines" if $lines > $lines_max;
                return unless $path =~ s{^src/}{};
                my ($folder) = $path =~ m{^(\w+)/};
                my $module = $path =~ s{\.[ch]$}{}r;
                my $name = $path =~ s{.*/}{}r;
                $files{$name =~ s{\.[ch]$}{}r}{$module} = 1 unless $name eq 'main.c';
                while ($text =~ /^#include "(([^"\/]+)\/[^"]+)"/mg) {
                        my ($other, $its_folder) = ($1, $2);
                        push @broken, "$path: includes $other"
                                if $folder ne $its_folder && !grep { $_ eq $its_folder } split ' ', $below{$folder};
                        my ($mine, $its) = (wing_of($path), wing_of($other));
                        push @broken, "$path: includes $other" if defined $mine && defined $its && $its > $mine;
                        push @broken, "$path: includes $other"
                                if $private{$other} && !grep { $_ eq $module } split ' ', $private{$other};
                        # It is told the time.
                        push @broken, "$path: includes $other" if $folder eq 'engine' && $other eq 'base/clock.h';
                        # What comes in is given to events.c, from wherever: the wheel of the loop.
                        $other =~ s{\.h$}{};
                        $includes{$module}{$other} = 1 if $other ne $module && $other ne 'daemon/events';
                }
                $in{"type $1"}{$module} = 1 while $text =~ /^(?:typedef )?(?:struct|enum|union) (\w+) \{/mg;
                $in{"type $1"}{$module} = 1 while $text =~ /^\} (\w+);/mg;
                $in{"constant $1"}{$module} = 1 while $text =~ /^#define (\w+)/mg;
                while ($text =~ /^(?:typedef )?enum(?: \w+)? \{\n(.*?)^\}/msg) {
                        my $body = $1;
                        $in{"constant $1"}{$module} = 1 while $body =~ /^\s+([A-Z_]\w+)\s*[,=]/mg;
                }
                # Of functions those that others can call; each program has its main().
                $in{"function $1"}{$module} = 1 while $text =~ /^(?!static\b|typedef\b)\w[\w *]*?\b(?!main\()(\w+)\((?:[^;{}]*)\)\n\{/mg;
        } }, grep { -d } "$top/src", "$top/tests");
        push @broken, map { "$_: in " . join(' and ', sort keys %{ $in{$_} }) } grep { keys %{ $in{$_} } > 1 } keys %in;
        push @broken, map { "file $_: " . join(' and ', sort keys %{ $files{$_} }) } grep { keys %{ $files{$_} } > 1 } keys %files;
        return sort @broken, circles(%includes);
}

# What no exception excuses, and the exceptions that excuse nothing.
sub not_excused {
        my ($exceptions, @walls) = @_;
        my (@bad, %used);
        for my $wall (@walls) {
                my ($exception) = grep { index($wall, $_) == 0 } keys %$exceptions;
                if (defined $exception) { $used{$exception} = 1 } else { push @bad, $wall }
        }
        return @bad, map { "this exception is needed no more: $_" } grep { !$used{$_} } sort keys %$exceptions;
}

# ---- the small tree: each file breaks one wall, and no other ----
my $small = tempdir(CLEANUP => 1);
my @small = (
        ['src/base/low.h', qq(#include "wire/high.h"\n), 'base/low.h: includes wire/high.h'],
        ['src/wire/high.h', qq(#include "config/side.h"\n), 'wire/high.h: includes config/side.h'],
        ['src/config/side.h', qq(#define TWICE 1\n)],
        ['src/group/a.h', qq(#include "group/b.h"\n), 'circle: group/a group/b'],
        ['src/group/b.c', qq(#include "group/a.h"\n#define TWICE 2\n), 'constant TWICE: in config/side and group/b'],
        ['src/engine/agreed/app.h', qq(#include "engine/local/cut.h"\ntypedef struct Two {\n} Two;\n),
                'engine/agreed/app.h: includes engine/local/cut.h'],
        ['src/engine/local/cut.h', qq(enum Two {\n        RED,\n};\n), 'type Two: in engine/agreed/app and engine/local/cut'],
        ['src/engine/local/late.h', qq(#include "base/clock.h"\n), 'engine/local/late.h: includes base/clock.h'],
        ['src/engine/state.c', qq(#include "engine/agreed/app.h"\nint twice(int a)\n{\n}\n), 'engine/state.c: includes engine/agreed/app.h'],
        ['src/engine/engine.c', qq(#include "engine/local/cut.h"\nint twice(void)\n{\n}\nstatic int once(void)\n{\n}\n),
                'function twice: in engine/engine and engine/state'],
        ['src/engine/local/late.c', qq(#include "engine/local/cutoff-struct.h"\n),
                'engine/local/late.c: includes engine/local/cutoff-struct.h'],
        ['src/engine/local/cutoff.c', qq(#include "engine/local/cutoff-struct.h"\n)],
        ['src/bus/low.c', qq(static int once(void)\n{\n}\n), 'file low: base/low and bus/low'],
        ['src/daemon/events.c', qq(#include "daemon/step.h"\n)],
        ['src/daemon/step.c', qq(#include "daemon/events.h"\nenum {\n        RED = 1,\n};\n), 'constant RED: in daemon/step and engine/local/cut'],
        ['tests/unit/long.c', "\n" x ($lines_max + 1), "tests/unit/long.c: more than $lines_max lines"],
        ['tests/unit/full.c', "\n" x $lines_max],
);
for (@small) {
        my ($file, $text) = @$_;
        make_path("$small/$file" =~ s{/[^/]+$}{}r);
        open(my $f, '>', "$small/$file") or die "$file: $!\n";
        print $f $text;
        close($f);
}
my ($seen, $expected) = (join("\n", broken($small)), join("\n", sort grep { defined } map { $_->[2] } @small));
my $excused = join("\n", not_excused({ 'circle: ' => '', 'file none: ' => '' }, 'circle: a b', 'type Two: in a and b'));
if ($seen ne $expected) {
        print "Of the small tree this was seen:\n$seen\nand this is broken:\n$expected\n";
        exit 1;
}
if ($excused ne "type Two: in a and b\nthis exception is needed no more: file none: ") {
        print "With exceptions this was seen:\n$excused\n";
        exit 1;
}

# ---- the house ----
my @bad = not_excused(\%exceptions, broken('.'));
print "$_\n" for @bad;
exit 1 if @bad;
print "all walls stand, with " . keys(%exceptions) . " exceptions: PASSED\n";
END
