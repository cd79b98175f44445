#!/bin/bash
# Docker and the ECS agent, on Amazon Linux 2023. The ECS-optimised image has both, and then nothing is done.
set -euo pipefail

rpm -q docker >/dev/null || dnf install -y docker
rpm -q ecs-init >/dev/null || dnf install -y ecs-init
systemctl enable docker ecs
# What people do with docker on this machine by hand needs no sudo after their next login.
usermod -a -G docker ec2-user
